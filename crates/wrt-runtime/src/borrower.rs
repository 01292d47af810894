//! Borrowers of a memory's bytes.

use crate::bulk::BulkOperation;
use crate::trap::Access;

/// The borrower of bytes that [`GuestMemory::lend`](crate::GuestMemory::lend) lends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Borrower {
    /// The host copies them out.
    Host,
    /// Another memory copies them in (`memory.copy` between two memories).
    Memory {
        /// Address of the first byte in that memory.
        address: u64,
    },
    /// No borrower: the caller only checks whether the bytes can be read. Observers receive a trap,
    /// if there is one, and nothing else.
    None,
}

impl Borrower {
    /// The operation to report to observers after the bytes at `source` were copied; `None` if no
    /// borrower copied them.
    #[inline(always)]
    #[must_use]
    pub const fn operation(self, source: Access) -> Option<BulkOperation> {
        match self {
            Self::Host => Some(BulkOperation::Read { source }),
            Self::Memory { address } => {
                let target = Access { address, size: source.size };
                Some(BulkOperation::CopyOut { target, source })
            }
            Self::None => None,
        }
    }
}
