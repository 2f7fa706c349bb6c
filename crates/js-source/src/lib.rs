//! JavaScript and TypeScript text into scopes, declarations and the places that make a holder grow
