//! Joins what was measured, what grows in the heap and what the sources say into one [`Diagnosis`].
//!
//! For the command line, which fills it, and for the reports, which print it: plain data, no formats, no sockets.
//! Sizes are bytes, times milliseconds, lines and columns count from 1.

mod model;

pub use model::{
    Artifact, ArtifactKind, CodeFrame, CodeLine, Diagnosis, Holder, HolderGrowth, Load, Memory,
    Objects, Phase, Remedy, Round, Sample, Site, SiteRole, Suspect, Target,
};
