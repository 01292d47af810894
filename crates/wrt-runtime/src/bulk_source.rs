//! Sources of the bytes that a bulk operation writes.

use wrt_platform::LentBytes;

use crate::bulk::BulkOperation;
use crate::trap::Access;

/// Source of the bytes that [`GuestMemory::bulk_store`](crate::GuestMemory::bulk_store) writes.
#[derive(Clone, Copy, Debug)]
pub enum BulkSource<'a> {
    /// One byte, repeated (`memory.fill`).
    Byte {
        /// The byte.
        value: u8,
        /// Number of bytes to write.
        len: u64,
    },
    /// Bytes of the same memory, which may overlap the target (`memory.copy`).
    Within {
        /// Address of the first byte.
        address: u64,
        /// Number of bytes.
        len: u64,
    },
    /// Bytes of another memory (`memory.copy` between two memories).
    Memory {
        /// Address of the first byte in that memory.
        address: u64,
        /// The bytes.
        bytes: LentBytes<'a>,
    },
    /// Bytes of a data segment (`memory.init`).
    Segment {
        /// Index of the first byte in the segment.
        address: u64,
        /// The bytes.
        bytes: LentBytes<'a>,
    },
    /// Bytes of the host.
    Host(LentBytes<'a>),
}

impl BulkSource<'_> {
    /// Number of bytes to write.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> u64 {
        match self {
            Self::Byte { len, .. } | Self::Within { len, .. } => *len,
            Self::Memory { bytes, .. } | Self::Segment { bytes, .. } | Self::Host(bytes) => {
                bytes.len() as u64
            }
        }
    }

    /// Whether there is nothing to write.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The operation to report to observers after these bytes were written from `target` on.
    #[inline(always)]
    #[must_use]
    pub const fn operation(&self, target: u64) -> BulkOperation {
        let size = self.len();
        let target = Access { address: target, size };
        match *self {
            Self::Byte { .. } => BulkOperation::Fill { target },
            Self::Within { address, .. } => {
                BulkOperation::Copy { target, source: Access { address, size } }
            }
            Self::Memory { address, .. } => {
                BulkOperation::CopyIn { target, source: Access { address, size } }
            }
            Self::Segment { address, .. } => {
                BulkOperation::Init { target, source: Access { address, size } }
            }
            Self::Host(_) => BulkOperation::Write { target },
        }
    }
}
