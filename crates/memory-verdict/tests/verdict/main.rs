//! The verdict against made-up and recorded services.

mod false_alarms;
mod properties;
mod recorded;
mod recording;
mod synthetic;
mod truth_table;
