//! The guest's view of a memory: what instructions are generic over.

use crate::error::GrowError;
use crate::memory_type::IndexType;
use crate::trap::Trap;

/// A memory as instructions see it.
///
/// Addresses are effective addresses in bytes: base and static offset have been added, and that
/// sum is the value that is compared and used. Every operation checks all it needs before it
/// writes anything, so an operation that traps has changed nothing.
pub trait GuestMemory {
    /// The type of addresses and sizes.
    fn index_type(&self) -> IndexType;

    /// The size in pages (`memory.size`).
    fn memory_size(&self) -> u64;

    /// Adds `delta` pages and returns the previous size in pages (`memory.grow`).
    ///
    /// # Errors
    ///
    /// When the memory cannot or may not grow; the guest sees -1.
    fn memory_grow(&mut self, delta: u64) -> Result<u64, GrowError>;

    /// The `N` bytes at `ea`; `N` is 1 to 16, checked when it is compiled.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`].
    fn load<const N: usize>(&self, ea: u64) -> Result<[u8; N], Trap>;

    /// Writes `bytes`, 1 to 16 of them, at `ea`.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`]; no byte is written then.
    fn store<const N: usize>(&mut self, ea: u64, bytes: [u8; N]) -> Result<(), Trap>;

    /// Fills `target` with the bytes from `address` on.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`]; `target` is as it was then.
    fn load_bytes(&self, address: u64, target: &mut [u8]) -> Result<(), Trap>;

    /// Writes all of `bytes` at `address`.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`]; no byte is written then.
    fn store_bytes(&mut self, address: u64, bytes: &[u8]) -> Result<(), Trap>;

    /// Whether `len` bytes from `address` lie within the memory. No bytes at the very end do.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`].
    fn check(&self, address: u64, len: u64) -> Result<(), Trap>;

    /// Sets `len` bytes from `address` to `byte` (`memory.fill`).
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`]; no byte is written then.
    fn memory_fill(&mut self, address: u64, byte: u8, len: u64) -> Result<(), Trap>;

    /// Copies `len` bytes from `source` to `target`, which may overlap (`memory.copy`).
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`]; no byte is written then.
    fn memory_copy(&mut self, target: u64, source: u64, len: u64) -> Result<(), Trap>;

    /// Copies `len` bytes from another memory, whose index type and page size may differ
    /// (`memory.copy` between two memories).
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`]; no byte is written then.
    fn memory_copy_from<S: GuestMemory>(
        &mut self,
        target: u64,
        other: &S,
        source: u64,
        len: u64,
    ) -> Result<(), Trap>;

    /// Copies `len` bytes of `segment` from `source` on (`memory.init`). A dropped segment has
    /// no bytes.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] if either range is out of bounds; no byte is written then.
    fn memory_init(
        &mut self,
        target: u64,
        segment: &[u8],
        source: u64,
        len: u64,
    ) -> Result<(), Trap>;
}
