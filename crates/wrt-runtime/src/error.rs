//! What a host gets when something cannot be done: sizes, limits and the platform's cause.

use core::fmt;

use wrt_platform::{AllocError, Corruption, NoRoom};

use crate::memory_type::InvalidMemoryType;
use crate::name::Name;
use crate::trap::{Access, TrapReport};
use crate::veto::GrowVeto;

/// A memory that was not made, or an access of the host's that was not done.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum MemoryError {
    /// The type breaks a rule.
    InvalidType(InvalidMemoryType),
    /// The minimum is above the limit that the embedder set.
    AboveLimit {
        /// Pages that the type asks for.
        minimum: u64,
        /// Pages that the embedder allows.
        limit: u64,
    },
    /// An observer vetoed the creation.
    Vetoed {
        /// The initial pages, which it was asked for.
        pages: u64,
        /// The refusal.
        veto: GrowVeto,
    },
    /// The platform could not give the bytes.
    Platform(AllocError),
    /// The range is not within the memory, or protected; the report says which.
    Refused(TrapReport),
    /// The range is not within the data segment.
    SegmentOutOfBounds {
        /// The first byte wanted.
        source: u64,
        /// Bytes wanted.
        len: u64,
        /// Bytes that the segment has; none once it is dropped.
        segment_len: u64,
    },
    /// There is no memory for the bookkeeping of a name or of seals.
    NoRoom(NoRoom),
    /// The memory has as many seals as it can keep.
    TooManySeals {
        /// How many that is.
        most: usize,
    },
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidType(error) => error.fmt(f),
            Self::AboveLimit { minimum, limit } => {
                write!(f, "a memory of {minimum} pages exceeds the embedder's limit of {limit}")
            }
            Self::Vetoed { pages, veto } => {
                write!(f, "cannot create a memory of {pages} pages: {veto}")
            }
            Self::Platform(error) => error.fmt(f),
            Self::Refused(report) => report.fmt(f),
            Self::SegmentOutOfBounds { source, len, segment_len } => write!(
                f,
                "cannot copy {len} bytes from byte {source} of a data segment of {segment_len} bytes"
            ),
            Self::NoRoom(NoRoom) => f.write_str("no memory is left for the bookkeeping"),
            Self::TooManySeals { most } => write!(f, "the memory has {most} seals already"),
        }
    }
}

impl core::error::Error for MemoryError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::InvalidType(error) => Some(error),
            Self::Vetoed { veto, .. } => Some(veto),
            Self::Platform(error) => Some(error),
            _ => None,
        }
    }
}

impl From<InvalidMemoryType> for MemoryError {
    fn from(error: InvalidMemoryType) -> Self {
        Self::InvalidType(error)
    }
}

impl From<AllocError> for MemoryError {
    fn from(error: AllocError) -> Self {
        Self::Platform(error)
    }
}

/// A growth that did not happen; the memory is as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GrowError {
    /// Pages that the memory has.
    pub current: u64,
    /// Pages that were to be added.
    pub delta: u64,
    /// Why they were not.
    pub cause: GrowErrorCause,
}

impl GrowError {
    /// The growth of `current` pages by `delta` that did not happen because of `cause`.
    #[must_use]
    pub const fn new(current: u64, delta: u64, cause: GrowErrorCause) -> Self {
        Self { current, delta, cause }
    }
}

/// Why a memory did not grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum GrowErrorCause {
    /// The result would be above the maximum, or above the embedder's limit.
    Maximum {
        /// The most pages the memory may have.
        limit: u64,
    },
    /// An observer refused.
    Vetoed(GrowVeto),
    /// The platform could not give the bytes.
    Platform(AllocError),
    /// Another observer, or the platform, panicked. Only observers see this.
    Panicked,
}

impl fmt::Display for GrowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { current, delta, cause } = self;
        write!(f, "cannot grow a memory of {current} pages by {delta}: ")?;
        match cause {
            GrowErrorCause::Maximum { limit } => write!(f, "its maximum is {limit} pages"),
            GrowErrorCause::Vetoed(veto) => veto.fmt(f),
            GrowErrorCause::Platform(error) => error.fmt(f),
            GrowErrorCause::Panicked => f.write_str("a hook or the platform panicked"),
        }
    }
}

impl core::error::Error for GrowError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.cause {
            GrowErrorCause::Vetoed(veto) => Some(veto),
            GrowErrorCause::Platform(error) => Some(error),
            _ => None,
        }
    }
}

/// Something that must hold of a memory and does not.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct IntegrityError {
    /// What was found.
    pub fault: IntegrityFault,
    pub(crate) name: Option<Name>,
}

/// What an integrity check found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum IntegrityFault {
    /// The platform found its own accounting, guards, rights or canaries broken.
    Platform(Corruption),
    /// The length is not a whole number of pages, or above the maximum.
    Length {
        /// The length in bytes.
        bytes: u64,
    },
    /// Bytes under a seal changed.
    SealBroken(Access),
    /// Some bytes under a seal cannot be read, so that nobody can say whether they changed.
    SealUnreadable(Access),
    /// The memory keeps no such seal: it was taken back, or made by another memory.
    UnknownSeal,
}

impl fmt::Display for IntegrityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "memory {name:?}: ")?,
            None => f.write_str("memory: ")?,
        }
        match &self.fault {
            IntegrityFault::Platform(corruption) => corruption.fmt(f),
            IntegrityFault::Length { bytes } => {
                write!(f, "its length of {bytes} bytes contradicts its type")
            }
            IntegrityFault::SealBroken(Access { address, size }) => {
                write!(f, "{size} sealed bytes at {address:#x} have changed")
            }
            IntegrityFault::SealUnreadable(Access { address, size }) => {
                write!(f, "{size} sealed bytes at {address:#x} cannot be read")
            }
            IntegrityFault::UnknownSeal => f.write_str("the seal is not one of this memory"),
        }
    }
}

impl core::error::Error for IntegrityError {}
