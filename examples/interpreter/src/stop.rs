//! Programs that were stopped before they ended.

use core::fmt;

use crate::trap::{FunctionRef, write_place};

/// Cause of a stopped program.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// The store has less [fuel](crate::StoreConfig::fuel) than the next basic block costs.
    OutOfFuel,
    /// The store's [interrupt](crate::Interrupt) was raised.
    Interrupted,
}

impl fmt::Display for StopCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfFuel => "out of fuel",
            Self::Interrupted => "interrupted",
        })
    }
}

/// Report of a stopped program. `Display` is one line.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopReport {
    /// The cause.
    pub cause: StopCause,
    /// The function.
    pub function: Option<FunctionRef>,
    /// The offset of the instruction in the module's bytes.
    pub offset: Option<usize>,
}

impl StopReport {
    /// Text to append to a cause: function and offset, where known.
    #[must_use]
    pub fn place(&self) -> impl fmt::Display {
        Place(self)
    }
}

struct Place<'a>(&'a StopReport);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, self.0.function.as_ref(), self.0.offset)
    }
}

impl fmt::Display for StopReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.cause, self.place())
    }
}
