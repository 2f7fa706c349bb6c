//! Joins what was measured, what grows in the heap and what the sources say into one [`Diagnosis`].
//!
//! For the command line, which gathers the parts, and for the reports, which print the whole: plain data, no formats,
//! no sockets, no files. [`join`] turns growing holders and the texts of their scripts into suspects; [`release_hint`]
//! tells, before a leak is called one, whether the holder's source lets go of what it takes in.
//! Sizes are bytes, times milliseconds, lines and columns count from 1.

mod allocated;
mod bundled;
mod frames;
mod join;
mod mentions;
mod model;
mod opened;
mod place;
mod registered;
mod release;
mod remedy;
mod sources;
mod spelled;
mod trace;

#[cfg(test)]
mod tests;

pub use allocated::{Allocation, allocated};
pub use join::{Join, join};
pub use model::{
    Artifact, ArtifactKind, CodeFrame, CodeLine, Diagnosis, Holder, HolderGrowth, Load, Memory,
    Objects, Phase, Remedy, Round, Sample, Site, SiteRole, Suspect, Target,
};
pub use release::release_hint;
pub use sources::{Compiled, Script, Sources};
