//! Views of a memory's bytes, tied to the memory by the borrow checker.

use core::ops::{Deref, DerefMut};

/// A bounds-checked view of a memory's bytes. It borrows the memory, which therefore can neither
/// grow nor be dropped while the view lives.
///
/// ```compile_fail
/// use wrt_runtime::{LinearMemory, MemoryType};
/// use wrt_platform::HeapAllocator;
///
/// let mut memory = LinearMemory::new(HeapAllocator::new(), MemoryType::wasm32(1, None)?)?;
/// let slice = memory.get_safe_slice(0, 16)?;
/// memory.grow(1)?; // error[E0502]: `memory` is borrowed by `slice`
/// assert_eq!(slice.len(), 16);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SafeSlice<'a> {
    address: u64,
    bytes: &'a [u8],
}

impl<'a> SafeSlice<'a> {
    pub(crate) const fn new(address: u64, bytes: &'a [u8]) -> Self {
        Self { address, bytes }
    }

    /// Address of the first byte in the memory.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.address
    }

    /// The bytes, for as long as the memory is borrowed.
    #[must_use]
    pub const fn as_slice(&self) -> &'a [u8] {
        self.bytes
    }
}

impl Deref for SafeSlice<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

/// A mutable [`SafeSlice`].
#[derive(Debug)]
pub struct SafeSliceMut<'a> {
    address: u64,
    bytes: &'a mut [u8],
}

impl<'a> SafeSliceMut<'a> {
    pub(crate) const fn new(address: u64, bytes: &'a mut [u8]) -> Self {
        Self { address, bytes }
    }

    /// Address of the first byte in the memory.
    #[must_use]
    pub const fn address(&self) -> u64 {
        self.address
    }

    /// The bytes, for as long as the memory is borrowed.
    #[must_use]
    pub const fn into_bytes(self) -> &'a mut [u8] {
        self.bytes
    }
}

impl Deref for SafeSliceMut<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

impl DerefMut for SafeSliceMut<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.bytes
    }
}
