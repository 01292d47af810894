//! The outcome of a mapping that failed over other pages.

use crate::error::OsError;

/// Why a mapping could not take another one's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotReplaced {
    /// The host refused and left what was there.
    Kept(OsError),
    /// The host has taken away what was there.
    Lost(OsError),
    /// The host has taken the addresses away as well: others may map something there, or have.
    /// Nothing may be accessed, changed or unmapped at them any more.
    Gone(OsError),
}
