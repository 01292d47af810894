//! Who borrows bytes of a memory to copy them.

use crate::bulk::BulkOperation;
use crate::trap::Access;

/// Who borrows the bytes that [`GuestMemory::lend`](crate::GuestMemory::lend) lends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Borrower {
    /// The host copies them out.
    Host,
    /// Another memory copies them in (`memory.copy` between two memories).
    Memory {
        /// Address of the first byte in that memory.
        address: u64,
    },
    /// Nobody: the caller asks whether the bytes can be read. Observers are told of a trap alone.
    Nobody,
}

impl Borrower {
    /// What an implementation tells its observers once the bytes at `source` were copied; nothing
    /// if nobody copied them.
    #[inline(always)]
    #[must_use]
    pub const fn operation(self, source: Access) -> Option<BulkOperation> {
        match self {
            Self::Host => Some(BulkOperation::Read { source }),
            Self::Memory { address } => {
                let target = Access { address, size: source.size };
                Some(BulkOperation::CopyOut { target, source })
            }
            Self::Nobody => None,
        }
    }
}
