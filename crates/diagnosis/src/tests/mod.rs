//! Texts of a service, and what grows in its heap, into what is said about them.

#![expect(
    clippy::panic,
    reason = "a case that its own texts contradict is no case"
)]

mod allocated;
mod bundled;
mod join;
mod opened;
mod place;
mod registered;
mod release;
mod service;
mod trace;
