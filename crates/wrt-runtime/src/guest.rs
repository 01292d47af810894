//! The guest's view of a memory: what instructions are generic over.

use wrt_platform::Inaccessible;

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
    /// [`Inaccessible`]; [`refused`](Self::refused) says which trap that is.
    fn load<const N: usize>(&self, ea: u64) -> Result<[u8; N], Inaccessible>;

    /// Writes `bytes`, 1 to 16 of them, at `ea`.
    ///
    /// # Errors
    ///
    /// [`Inaccessible`]; no byte is written then, and [`refused`](Self::refused) says which trap
    /// that is.
    fn store<const N: usize>(&mut self, ea: u64, bytes: [u8; N]) -> Result<(), Inaccessible>;

    /// The trap of the load or store of `size` bytes at `ea` that was just found inaccessible; to
    /// be called once for each. The reason is not in the result of the access itself because that
    /// would have to be told from the value after every load.
    fn refused(&self, ea: u64, size: u64) -> Trap;

    /// Fills `target` with the bytes from `address` on.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; `target` is as it was then.
    fn load_bytes(&self, address: u64, target: &mut [u8]) -> Result<(), Trap>;

    /// [`load_bytes`](Self::load_bytes) for a copy into another memory: the source's side of
    /// [`memory_copy_from`](Self::memory_copy_from).
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; `target` is as it was then.
    fn copy_out(&self, address: u64, target: &mut [u8]) -> Result<(), Trap>;

    /// Writes all of `bytes` at `address`.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; no byte is written then.
    fn store_bytes(&mut self, address: u64, bytes: &[u8]) -> Result<(), Trap>;

    /// Whether `len` bytes from `address` lie within the memory. No bytes at the very end do.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`].
    fn check(&self, address: u64, len: u64) -> Result<(), Trap>;

    /// Sets `len` bytes from `address` to `byte` (`memory.fill`).
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; no byte is written then.
    fn memory_fill(&mut self, address: u64, byte: u8, len: u64) -> Result<(), Trap>;

    /// Copies `len` bytes from `source` to `target`, which may overlap (`memory.copy`).
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; no byte is written then.
    fn memory_copy(&mut self, target: u64, source: u64, len: u64) -> Result<(), Trap>;

    /// Copies `len` bytes from another memory, whose index type and page size may differ
    /// (`memory.copy` between two memories).
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; no byte is written then.
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
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`] if either range is out of bounds; no byte is written then.
    fn memory_init(
        &mut self,
        target: u64,
        segment: &[u8],
        source: u64,
        len: u64,
    ) -> Result<(), Trap>;
}
