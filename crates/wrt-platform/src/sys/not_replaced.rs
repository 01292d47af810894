//! Outcomes of mappings that failed over other pages.

use crate::error::OsError;

/// Outcome of a mapping that failed to replace another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotReplaced {
    /// The host refused and left the old mapping.
    Kept(OsError),
    /// The host has removed the contents of the old mapping.
    Lost(OsError),
    /// The host has unmapped the addresses as well: other code may have mapped something there. The
    /// addresses must not be accessed, changed or unmapped any more.
    Gone(OsError),
}
