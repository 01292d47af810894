//! Operations on ranges of bytes, as reported to observers.

use crate::trap::Access;

/// A completed operation on a range of bytes, with the addresses it touched.
///
/// Ranges belong to the observed memory unless stated otherwise. An operation that trapped or
/// failed has changed nothing and is not reported here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum BulkOperation {
    /// `memory.fill`.
    Fill {
        /// The bytes that were set.
        target: Access,
    },
    /// `memory.copy` within the memory.
    Copy {
        /// The bytes that were written.
        target: Access,
        /// The bytes that were read; the two ranges may overlap.
        source: Access,
    },
    /// `memory.copy` from another memory into this one.
    CopyIn {
        /// The bytes that were written.
        target: Access,
        /// The bytes of the other memory that were read.
        source: Access,
    },
    /// `memory.copy` from this memory into another one.
    CopyOut {
        /// The bytes of the other memory that were written.
        target: Access,
        /// The bytes that were read.
        source: Access,
    },
    /// `memory.init`.
    Init {
        /// The bytes that were written.
        target: Access,
        /// The bytes of the data segment that were read.
        source: Access,
    },
    /// The host copied bytes out.
    Read {
        /// The bytes that were read.
        source: Access,
    },
    /// The host copied bytes in.
    Write {
        /// The bytes that were written.
        target: Access,
    },
    /// The host borrowed bytes for writing. Reported when the borrow begins; the writes themselves
    /// are not observable.
    Lend {
        /// The bytes that may be written.
        target: Access,
    },
    /// The host discarded bytes, which now read zero.
    Discard {
        /// The bytes that read zero.
        target: Access,
    },
    /// The host reset the memory.
    Reset {
        /// All bytes of the memory after the reset; they hold the initial contents.
        target: Access,
    },
}

impl BulkOperation {
    /// The bytes of this memory that were written, or that may be written while they are lent.
    #[inline(always)]
    #[must_use]
    pub const fn written(&self) -> Option<Access> {
        match *self {
            Self::Fill { target }
            | Self::Copy { target, .. }
            | Self::CopyIn { target, .. }
            | Self::Init { target, .. }
            | Self::Write { target }
            | Self::Lend { target }
            | Self::Discard { target }
            | Self::Reset { target } => Some(target),
            Self::CopyOut { .. } | Self::Read { .. } => None,
        }
    }

    /// The bytes of this memory that were read.
    #[inline(always)]
    #[must_use]
    pub const fn read(&self) -> Option<Access> {
        match *self {
            Self::Copy { source, .. } | Self::CopyOut { source, .. } | Self::Read { source } => {
                Some(source)
            }
            _ => None,
        }
    }

    /// The number of bytes moved, which metrics count; `None` for a lend, a discard and a reset,
    /// which move no bytes.
    #[inline(always)]
    #[must_use]
    pub const fn moved(&self) -> Option<u64> {
        match *self {
            Self::Fill { target }
            | Self::Copy { target, .. }
            | Self::CopyIn { target, .. }
            | Self::Init { target, .. }
            | Self::Write { target } => Some(target.size),
            Self::CopyOut { source, .. } | Self::Read { source } => Some(source.size),
            Self::Lend { .. } | Self::Discard { .. } | Self::Reset { .. } => None,
        }
    }

    /// Whether only a host performs this operation. Fills, copies and inits count as instructions,
    /// even if a host calls the method of that name.
    #[must_use]
    pub const fn is_by_host(&self) -> bool {
        match self {
            Self::Read { .. }
            | Self::Write { .. }
            | Self::Lend { .. }
            | Self::Discard { .. }
            | Self::Reset { .. } => true,
            Self::Fill { .. }
            | Self::Copy { .. }
            | Self::CopyIn { .. }
            | Self::CopyOut { .. }
            | Self::Init { .. } => false,
        }
    }
}
