//! The words every stage shares: the six leak patterns, how sure we are, sizes, and places in sources.
//!
//! For everyone who names a leak. The main types are [`Pattern`], [`Confidence`], [`Bytes`],
//! [`BytesPerRequest`] and [`Place`].
//!
//! ```
//! use stanch_leak_patterns::{Bytes, Pattern};
//! assert_eq!("unbounded-cache".parse(), Ok(Pattern::UnboundedCache));
//! assert_eq!(Bytes(1_536).to_string(), "1.5 KB");
//! ```
//!
//! It does not know V8, syntax trees, files or formats.

mod confidence;
mod pattern;
mod place;
mod size;

pub use confidence::Confidence;
pub use pattern::{Pattern, UnknownPattern};
pub use place::Place;
pub use size::{Bytes, BytesPerRequest};
