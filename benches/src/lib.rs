//! Measuring an operation beside its baseline.
//!
//! A figure here is a ratio: both sides run in turns inside every sample that criterion takes,
//! so what disturbs the machine disturbs both. The row that is printed gives the median of the
//! ratios and their middle half; criterion's own report gives our absolute times.

mod addresses;
mod pairs;
mod unchecked;

pub use addresses::addresses;
pub use pairs::{Case, Contest, Limit, Side, repeat};
pub use unchecked::{
    Check, CheckedByDifference, CheckedBySum, RawMemory, Unchecked, Word, bare_copy, bare_fill,
    bare_growth, bare_lifecycle,
};
