//! Signals of faults, and kinds of faults.

use core::fmt;

/// The signal that reported a fault, with its `si_code` (sigaction(2)).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultSignal {
    /// `SIGSEGV`.
    Segmentation(i32),
    /// `SIGBUS`.
    Bus(i32),
}

impl FaultSignal {
    /// `SEGV_MTEAERR`: a tag mismatch reported after the access. It has no address, so the report
    /// cannot name a memory unless the caller knows the address from another source.
    pub const ASYNCHRONOUS_TAG: i32 = 8;

    /// `SEGV_MTESERR`: a tag mismatch at the exact address.
    pub const SYNCHRONOUS_TAG: i32 = 9;

    pub(super) const fn is_tag_mismatch(self) -> bool {
        matches!(
            self,
            Self::Segmentation(Self::ASYNCHRONOUS_TAG) | Self::Segmentation(Self::SYNCHRONOUS_TAG)
        )
    }
}

/// Kind of a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FaultKind {
    /// The access hit the guard before the memory.
    GuardBefore,
    /// The access hit the guard behind the memory's reservation.
    GuardAfter,
    /// The access hit address space that is reserved for the memory but not accessible.
    BeyondLength,
    /// The access hit a protected range.
    Protected,
    /// The tag of the pointer differs from that of the bytes.
    TagMismatch,
    /// The host could not provide the page: a mapped file is shorter than its mapping, or the
    /// hardware failed.
    BusError,
    /// The byte is accessible according to the record: another thread has grown the memory or
    /// restored the rights since, or code other than the memory's owner took the rights away.
    Accessible,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GuardBefore => "the guard before the memory",
            Self::GuardAfter => "the guard behind the memory",
            Self::BeyondLength => "reserved and not accessible",
            Self::Protected => "protected",
            Self::TagMismatch => "the wrong tag",
            Self::BusError => "a page that the host cannot give",
            Self::Accessible => "accessible by now",
        })
    }
}
