//! A finished [`Diagnosis`](stanch_diagnosis::Diagnosis) → text for a terminal, JSON for scripts, Markdown for a pull
//! request; and a linter's findings → what people, editors and CI systems read ([`findings`]).
//!
//! For the command line, which picks a format and writes the string somewhere. [`text`], [`json`] and [`markdown`] take
//! the diagnosis and return the whole report; they print nothing and ask no terminal: width and colour are given.
//!
//! ```
//! use stanch_diagnosis::Diagnosis;
//! use stanch_report::{Color, TextStyle, text};
//!
//! fn for_a_narrow_log(diagnosis: &Diagnosis) -> String {
//!     text(diagnosis, &TextStyle { width: 80, color: Color::Never })
//! }
//! ```
//!
//! Names and code come from the process that was looked at and are taken for hostile: control characters and marks that
//! reverse the reading order are written out in every format, long names are cut in those for people.
//! The crate does not know how anything was measured.

mod advice;
pub mod findings;
mod forecast;
mod json;
mod markdown;
mod number;
mod text;
mod visible;
mod wording;

pub use json::json;
pub use markdown::markdown;
pub use text::{Color, TextStyle, text};
