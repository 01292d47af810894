//! What the host says of a fault, and what it means.

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
    /// `SEGV_MTEAERR`: a tag mismatch that was noticed later. It comes without an address, so no
    /// memory can be named for it unless the caller knows the address from elsewhere.
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

/// Why the host stopped an access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FaultKind {
    /// It hit the guard before the memory.
    GuardBefore,
    /// It hit the guard behind the memory's reservation.
    GuardAfter,
    /// It hit address space that is reserved for the memory and not accessible yet.
    BeyondLength,
    /// It hit a range whose rights were taken away.
    Protected,
    /// The pointer carried another tag than the bytes.
    TagMismatch,
    /// The host could not give the page: a mapped file is shorter than its mapping, or the
    /// hardware failed.
    BusError,
    /// The byte is accessible as far as is known: another thread has grown the memory or given
    /// the rights back since, or something else than the memory's owner has taken them away.
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
