//! Measurement of operations beside their baselines.
//!
//! A figure here is a ratio: both sides run in turns inside every sample that criterion takes, so
//! that other load affects both. The row that is printed gives the median of the ratios and their
//! middle half; criterion's own report gives our absolute times.

mod addresses;
mod bare_slot;
mod lives;
mod neighbours;
mod pairs;
mod sources;
mod unchecked;

pub use addresses::addresses;
pub use bare_slot::BareSlot;
pub use lives::{Contents, Crew, HOST_PAGE, Life, Source, Worker, lives};
pub use pairs::{Case, Contest, Limit, Side, measures, repeat};
pub use sources::{Bare, Ours};
pub use unchecked::{
    Check, CheckedByDifference, CheckedBySum, RawMemory, Unchecked, Word, bare_copy, bare_fill,
    bare_growth, bare_lifecycle,
};
