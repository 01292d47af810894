//! Errors for the host, with sizes, limits and the platform's cause.

use core::fmt;

use wrt_platform::{AllocError, Corruption, Count, MemoryName, NoRoom};

use crate::called::{Called, Prefix};
use crate::memory_type::InvalidMemoryType;
use crate::trap::{Access, TrapReport};
use crate::veto::GrowVeto;

/// A failure to create a memory, or a failed access by the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum MemoryError {
    /// The memory type is invalid.
    InvalidType(InvalidMemoryType),
    /// The minimum is above the limit that the embedder set.
    AboveLimit {
        /// Pages that the type asks for.
        minimum: u64,
        /// Pages that the embedder allows.
        limit: u64,
        /// The memory's name, if it has one.
        name: Option<MemoryName>,
    },
    /// An observer vetoed the creation.
    Vetoed {
        /// Initial pages that were requested.
        pages: u64,
        /// The refusal.
        veto: GrowVeto,
        /// The memory's name, if it has one.
        name: Option<MemoryName>,
    },
    /// The platform refused.
    Platform {
        /// Its reason.
        cause: AllocError,
        /// The memory's name, if it has one.
        name: Option<MemoryName>,
    },
    /// The range ends before it starts.
    ReversedRange {
        /// The first byte requested.
        start: u64,
        /// The end of the range, which is lower.
        end: u64,
        /// The memory's name, if it has one.
        name: Option<MemoryName>,
    },
    /// The range is not within the memory, or protected; the report says which.
    Refused(TrapReport),
    /// The range is not within the data segment.
    SegmentOutOfBounds {
        /// The first byte requested.
        source: u64,
        /// Bytes requested.
        len: u64,
        /// Length of the segment in bytes; 0 after it is dropped.
        segment_len: u64,
        /// The memory's name, if it has one.
        name: Option<MemoryName>,
    },
    /// A string is not UTF-8.
    NotUtf8 {
        /// The address of the first invalid byte.
        address: u64,
        /// The memory's name, if it has one.
        name: Option<MemoryName>,
    },
    /// The string has no terminating zero.
    Unterminated {
        /// The address of the string.
        address: u64,
        /// The memory's name, if it has one.
        name: Option<MemoryName>,
    },
    /// No memory for the bookkeeping of a name or of seals.
    NoRoom(NoRoom),
    /// The memory already has the most seals that it can hold.
    TooManySeals {
        /// That number of seals.
        most: usize,
        /// The memory's name, if it has one.
        name: Option<MemoryName>,
    },
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidType(error) => error.fmt(f),
            Self::AboveLimit { minimum, limit, name } => {
                let (memory, minimum) = (Called(name), Count(*minimum, "page"));
                write!(f, "{memory} of {minimum} exceeds the embedder's limit of {limit}")
            }
            Self::Vetoed { pages, veto, name } => {
                let (memory, pages) = (Called(name), Count(*pages, "page"));
                write!(f, "cannot create {memory} of {pages}: {veto}")
            }
            Self::Platform { cause, name } => write!(f, "{}{cause}", Prefix(name)),
            Self::ReversedRange { start, end, name } => {
                let memory = Prefix(name);
                write!(f, "{memory}the range {start:#x}..{end:#x} ends before it starts")
            }
            Self::Refused(report) => report.fmt(f),
            Self::SegmentOutOfBounds { source, len, segment_len, name } => write!(
                f,
                "{}cannot copy {} from byte {source} of a data segment of {}",
                Prefix(name),
                Count(*len, "byte"),
                Count(*segment_len, "byte")
            ),
            Self::NotUtf8 { address, name } => {
                write!(f, "{}the byte at {address:#x} is not UTF-8", Prefix(name))
            }
            Self::Unterminated { address, name } => {
                let memory = Prefix(name);
                write!(f, "{memory}no zero ends the string at {address:#x} within the memory")
            }
            Self::NoRoom(error) => error.fmt(f),
            Self::TooManySeals { most, name } => {
                let most = Count(*most as u64, "seal");
                write!(f, "{}the memory has {most} already", Prefix(name))
            }
        }
    }
}

impl core::error::Error for MemoryError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::InvalidType(error) => Some(error),
            Self::Vetoed { veto, .. } => Some(veto),
            Self::Platform { cause, .. } => Some(cause),
            Self::Refused(report) => Some(report),
            Self::NoRoom(error) => Some(error),
            Self::AboveLimit { .. }
            | Self::ReversedRange { .. }
            | Self::SegmentOutOfBounds { .. }
            | Self::NotUtf8 { .. }
            | Self::Unterminated { .. }
            | Self::TooManySeals { .. } => None,
        }
    }
}

impl From<InvalidMemoryType> for MemoryError {
    fn from(error: InvalidMemoryType) -> Self {
        Self::InvalidType(error)
    }
}

impl From<AllocError> for MemoryError {
    fn from(cause: AllocError) -> Self {
        Self::Platform { cause, name: None }
    }
}

/// A failed growth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GrowError {
    /// Current size of the memory in pages.
    pub current: u64,
    /// Pages that were to be added.
    pub delta: u64,
    /// The cause of the failure.
    pub cause: GrowErrorCause,
    /// The memory's name, if it has one.
    pub name: Option<MemoryName>,
}

impl GrowError {
    /// A failure to grow from `current` pages by `delta`, in a memory without a name.
    #[must_use]
    pub const fn new(current: u64, delta: u64, cause: GrowErrorCause) -> Self {
        Self { current, delta, cause, name: None }
    }

    /// Sets the memory's name.
    #[must_use]
    pub const fn of_memory(self, name: Option<MemoryName>) -> Self {
        Self { name, ..self }
    }
}

/// Cause of a failed growth.
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
    /// The platform could not provide the bytes.
    Platform(AllocError),
    /// Another observer, or the platform, panicked. Only observers receive this cause.
    Panicked,
}

impl fmt::Display for GrowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { current, delta, cause, name } = self;
        let (memory, current) = (Called(name), Count(*current, "page"));
        write!(f, "cannot grow {memory} of {current} by {delta}: ")?;
        match cause {
            GrowErrorCause::Maximum { limit } => {
                write!(f, "its maximum is {}", Count(*limit, "page"))
            }
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
            GrowErrorCause::Maximum { .. } | GrowErrorCause::Panicked => None,
        }
    }
}

/// A violated invariant of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct IntegrityError {
    /// The violation.
    pub cause: IntegrityErrorCause,
    /// The memory's name, if it has one.
    pub name: Option<MemoryName>,
}

/// A violation found by an integrity check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum IntegrityErrorCause {
    /// The platform found its own accounting, guards, rights or canaries broken.
    Platform(Corruption),
    /// The length is not a whole number of pages, or above the maximum.
    Length {
        /// The length in bytes.
        bytes: u64,
    },
    /// Bytes under a seal changed.
    SealBroken(Access),
    /// Some bytes under a seal cannot be read, so it is unknown whether they changed.
    SealUnreadable(Access),
    /// The memory has no such seal: it was removed, or belongs to another memory.
    UnknownSeal,
}

impl fmt::Display for IntegrityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(_) => write!(f, "{}: ", Called(&self.name))?,
            None => f.write_str("memory: ")?,
        }
        match &self.cause {
            IntegrityErrorCause::Platform(corruption) => corruption.fmt(f),
            IntegrityErrorCause::Length { bytes } => {
                write!(f, "its length of {} contradicts its type", Count(*bytes, "byte"))
            }
            IntegrityErrorCause::SealBroken(Access { address, size }) => {
                write!(f, "{} at {address:#x} changed", Count(*size, "sealed byte"))
            }
            IntegrityErrorCause::SealUnreadable(Access { address, size }) => {
                write!(f, "{} at {address:#x} cannot be read", Count(*size, "sealed byte"))
            }
            IntegrityErrorCause::UnknownSeal => f.write_str("the seal is not one of this memory"),
        }
    }
}

impl core::error::Error for IntegrityError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.cause {
            IntegrityErrorCause::Platform(corruption) => Some(corruption),
            IntegrityErrorCause::Length { .. }
            | IntegrityErrorCause::SealBroken(_)
            | IntegrityErrorCause::SealUnreadable(_)
            | IntegrityErrorCause::UnknownSeal => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use core::error::Error;
    use std::string::ToString;

    use super::*;

    #[test]
    fn damage_that_the_platform_finds_is_the_source() {
        let found = Corruption::Guard;
        let error = IntegrityError { cause: IntegrityErrorCause::Platform(found), name: None };
        let source = error.source().and_then(|source| source.downcast_ref::<Corruption>());
        assert_eq!(source, Some(&found));
        assert!(error.to_string().ends_with(&found.to_string()), "{error}");
    }
}
