//! Twin for hosts without a readable list of mappings.

use core::convert::Infallible;
use core::ops::Range;

use wrt_platform::Protection;

/// The mappings of the process, which this host does not list.
#[derive(Clone, Debug)]
pub struct Mappings(Infallible);

impl Mappings {
    /// All mappings, or `None` where the host does not list them.
    #[must_use]
    pub const fn of_process() -> Option<Self> {
        None
    }

    /// Whether inaccessible mappings are listed.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        match self.0 {}
    }

    /// Whether every byte of `range` is mapped with exactly these rights.
    #[must_use]
    pub const fn have(&self, _range: &Range<usize>, _rights: Protection) -> bool {
        match self.0 {}
    }

    /// Whether there are lines for every byte of `range`, all with exactly these rights.
    pub(crate) const fn list(&self, _range: &Range<usize>, _rights: Protection) -> bool {
        match self.0 {}
    }

    /// Whether there is a line for any byte of `range`.
    pub(crate) const fn touch(&self, _range: &Range<usize>) -> bool {
        match self.0 {}
    }

    /// Number of mappings.
    #[must_use]
    pub const fn count(&self) -> usize {
        match self.0 {}
    }

    /// Total bytes that are mapped, accessible or not.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        match self.0 {}
    }

    /// Bytes that are mapped readable and writable.
    #[must_use]
    pub const fn accessible_bytes(&self) -> u64 {
        match self.0 {}
    }
}
