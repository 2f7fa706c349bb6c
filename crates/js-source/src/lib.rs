//! JavaScript and TypeScript text into scopes, declarations and the places that make a holder grow.
//!
//! For the diagnosis, which knows from the heap that "the variable `profiles`, seen by a closure at
//! line 6, holds a Map that grows" and wants to know where it is declared, which lines insert and
//! whether anything ever releases; and for the lint rules, which ask the same of every variable.
//! Start with [`SourceText`] and [`with_parsed`]; ask the [`ParsedSource`] about a [`HolderRef`].
//!
//! ```
//! use stanch_js_source::{HolderRef, Initializer, SourceText, with_parsed};
//!
//! let source = SourceText::new("users.js", "
//! const profiles = new Map();
//! exports.load = (id) => {
//!   profiles.set(id, { id });
//! };");
//! with_parsed(&source, |parsed| {
//!     let holder = HolderRef::variable("profiles");
//!     let declaration = parsed.declaration(&holder).unwrap();
//!     assert_eq!(declaration.initializer, Initializer::Map);
//!     assert_eq!((declaration.name.line(), declaration.name.column()), (2, 7));
//!     assert_eq!(parsed.growth_sites(&holder)[0].callee, "profiles.set");
//!     assert!(parsed.releases(&holder).is_empty());
//! });
//! ```
//!
//! It reads one file at a time and follows values by name: through aliases, destructuring, fields,
//! parameters, results and getters of the same file, regardless of the order of execution. What
//! happens in other files, behind computed names or inside `eval`, it does not see. It knows no
//! heaps, no rules and no files: texts come in as strings.

mod accumulation;
mod age;
mod block;
mod call;
mod capture;
mod class_shape;
mod constant;
mod declaration;
mod escape;
mod function;
mod growth;
mod holder;
mod import;
mod initializer;
mod kinds;
mod limit;
mod owner;
mod parse;
mod places;
mod reach;
mod release;
mod source_map;
mod symbol_key;
mod syntax;
mod text;
mod tree;
mod type_value;
mod value;

pub use block::BlockValue;
pub use call::{CallKind, CallSite};
pub use capture::{CapturedScope, CapturedVariable};
pub use class_shape::{ClassKind, ClassShape};
pub use declaration::Declaration;
pub use escape::{Escape, EscapeKind};
pub use function::{FunctionInfo, FunctionKind, FunctionRef};
pub use growth::{FoundBy, Phase, Site, SiteRole, is_registration};
pub use holder::{HolderRef, ITSELF};
pub use import::{Export, GlobalAssignment, Import, ImportedName};
pub use initializer::Initializer;
pub use limit::{ConstructorParameter, Limit};
pub use parse::{ParsedSource, Problem, forget_trees, with_parsed};
pub use release::{Release, ReleaseKind};
pub use source_map::{OriginalPlace, SourceMapError, SourceMapIndex, SourceMapReference};
pub use syntax::syntax_errors;
pub use text::{Extent, Position, SourceText};
pub use tree::{bare, is_function, literal_text};
pub use value::Value;
