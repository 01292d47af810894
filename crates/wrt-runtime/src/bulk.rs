//! Operations on ranges of bytes, as observers see them.

use crate::trap::Access;

/// An operation on a range of bytes that was done, with the addresses it touched.
///
/// Ranges are those of the observed memory where nothing else is said. Nothing is reported of an operation that
/// trapped or failed: it has changed nothing.
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
    /// The host borrowed bytes for writing. Reported when the borrow begins: what is written and
    /// when cannot be seen.
    Lend {
        /// The bytes that may be written.
        target: Access,
    },
    /// The host discarded bytes, which read zero now.
    Discard {
        /// The bytes that read zero.
        target: Access,
    },
    /// The host reset the memory.
    Reset {
        /// All bytes that the memory has now; they hold the initial contents.
        target: Access,
    },
}

impl BulkOperation {
    /// The bytes of this memory that were written, or may be while they are lent.
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

    /// The number of bytes that were moved, which metrics count; none for a lend, a discard and a
    /// reset, which move nothing.
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

    /// Whether only a host does this. Fills, copies and inits are instructions, also where a host
    /// calls the method of that name.
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
