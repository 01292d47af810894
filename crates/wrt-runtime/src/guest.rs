//! The guest's view of a memory, over which instructions are generic.

use wrt_platform::LentBytes;

use crate::borrower::Borrower;
use crate::bulk_source::BulkSource;
use crate::error::GrowError;
use crate::memory_type::IndexType;
use crate::trap::Trap;

/// A memory as seen by instructions.
///
/// Addresses are effective addresses in bytes: the sum of base and static offset, and the value
/// that is both compared and used. Every operation completes its checks before it writes, so an
/// operation that traps has changed nothing. If the memory has observers, the operation itself
/// notifies them.
///
/// Seven methods are required: three about the size, [`load`](Self::load) and
/// [`store`](Self::store), and two that move any number of bytes, [`lend`](Self::lend) and
/// [`bulk_store`](Self::bulk_store). All others follow from these.
///
/// ```
/// use wrt_runtime::wrt_platform::{HeapAllocator, Inaccessible, LentBytes, Region, ReserveRequest};
/// use wrt_runtime::{Borrower, BulkSource, GrowError, GrowErrorCause, GuestMemory, IndexType, Trap};
///
/// const PAGE: u64 = 65536;
///
/// /// A memory with 32-bit addresses, without protected ranges and observers.
/// struct Scratch(Region<HeapAllocator>);
///
/// impl GuestMemory for Scratch {
///     fn index_type(&self) -> IndexType {
///         IndexType::I32
///     }
///
///     fn memory_size(&self) -> u64 {
///         self.0.len() as u64 / PAGE
///     }
///
///     fn memory_grow(&mut self, delta: u64) -> Result<u64, GrowError> {
///         let size = self.memory_size();
///         let grown = self.0.grow_to(size.saturating_add(delta).saturating_mul(PAGE));
///         let refused = |error| GrowError::new(size, delta, GrowErrorCause::Platform(error));
///         grown.map(|()| size).map_err(refused)
///     }
///
///     fn load<const N: usize, T>(
///         &self,
///         ea: u64,
///         from: impl FnOnce([u8; N]) -> T,
///     ) -> Result<T, Trap> {
///         self.0.load(ea).map(from).map_err(|Inaccessible| Trap::OutOfBounds)
///     }
///
///     fn store<const N: usize>(&mut self, ea: u64, bytes: [u8; N]) -> Result<(), Trap> {
///         self.0.store(ea, bytes).map_err(|Inaccessible| Trap::OutOfBounds)
///     }
///
///     fn lend<R>(
///         &self,
///         address: u64,
///         len: u64,
///         _: Borrower,
///         borrow: impl FnOnce(LentBytes<'_>) -> Result<R, Trap>,
///     ) -> Result<R, Trap> {
///         borrow(self.0.lend(address, len).map_err(|Inaccessible| Trap::OutOfBounds)?)
///     }
///
///     fn bulk_store(&mut self, target: u64, source: BulkSource<'_>) -> Result<(), Trap> {
///         let outcome = match source {
///             BulkSource::Byte { value, len } => self.0.fill(target, value, len),
///             BulkSource::Within { address, len } => self.0.copy_within(target, address, len),
///             BulkSource::Memory { bytes, .. }
///             | BulkSource::Segment { bytes, .. }
///             | BulkSource::Host(bytes) => self.0.copy_in(target, bytes),
///         };
///         outcome.map_err(|Inaccessible| Trap::OutOfBounds)
///     }
/// }
///
/// let request = ReserveRequest::new(PAGE, 2 * PAGE);
/// let mut scratch = Scratch(Region::new(HeapAllocator::new(), &request)?);
/// scratch.memory_init(100, b"segment", 3, 4)?;
/// scratch.memory_copy(102, 100, 4)?;
/// assert_eq!(scratch.load(102, u32::from_le_bytes)?, u32::from_le_bytes(*b"ment"));
/// assert_eq!(scratch.memory_fill(PAGE - 1, 0, 2), Err(Trap::OutOfBounds));
/// assert_eq!(scratch.memory_grow(1)?, 1);
/// assert_eq!(scratch.memory_fill(PAGE - 1, 0, 2), Ok(()));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub trait GuestMemory {
    /// The type of addresses and sizes.
    fn index_type(&self) -> IndexType;

    /// The size in pages (`memory.size`).
    fn memory_size(&self) -> u64;

    /// Adds `delta` pages and returns the previous size in pages (`memory.grow`).
    ///
    /// # Errors
    ///
    /// When the memory cannot or may not grow; the guest receives -1.
    fn memory_grow(&mut self, delta: u64) -> Result<u64, GrowError>;

    /// Loads the `N` bytes at `ea` and returns `from` of them, as in `memory.load(ea,
    /// u32::from_le_bytes)`. `N` is 1 to 16, which is checked at compile time.
    ///
    /// A load is cheapest if `from` returns a 32-bit or 64-bit integer. An integer and a trap
    /// return in registers; an array beside a trap goes through the stack.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; in that case `from` is not called.
    fn load<const N: usize, T>(&self, ea: u64, from: impl FnOnce([u8; N]) -> T) -> Result<T, Trap>;

    /// Writes `bytes`, 1 to 16 of them, at `ea`.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; in that case no byte is written.
    fn store<const N: usize>(&mut self, ea: u64, bytes: [u8; N]) -> Result<(), Trap>;

    /// Lends exactly `len` bytes from `address` to `borrow`. An empty range at the very end lies
    /// within the memory.
    ///
    /// `borrow` is called once, or never if the bytes cannot be read. Observers receive the trap if
    /// it is never called, and the operation if it succeeds.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`], or what `borrow` returns.
    fn lend<R>(
        &self,
        address: u64,
        len: u64,
        borrower: Borrower,
        borrow: impl FnOnce(LentBytes<'_>) -> Result<R, Trap>,
    ) -> Result<R, Trap>;

    /// Writes all of `source` from `target` on.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; in that case no byte is written. If both
    /// ranges of [`BulkSource::Within`] are inaccessible, [`Trap::OutOfBounds`] comes first.
    fn bulk_store(&mut self, target: u64, source: BulkSource<'_>) -> Result<(), Trap>;

    /// Fills `target` with the bytes from `address` on.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; in that case `target` is unchanged.
    #[inline]
    fn load_bytes(&self, address: u64, target: &mut [u8]) -> Result<(), Trap> {
        self.lend(address, target.len() as u64, Borrower::Host, |bytes| {
            bytes.copy_to(target);
            Ok(())
        })
    }

    /// Writes all of `bytes` at `address`.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; in that case no byte is written.
    #[inline]
    fn store_bytes(&mut self, address: u64, bytes: &[u8]) -> Result<(), Trap> {
        self.bulk_store(address, BulkSource::Host(bytes.into()))
    }

    /// Checks that `len` bytes from `address` can be read. An empty range at the very end lies
    /// within the memory.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`].
    #[inline]
    fn check(&self, address: u64, len: u64) -> Result<(), Trap> {
        self.lend(address, len, Borrower::None, |_| Ok(()))
    }

    /// Sets `len` bytes from `address` to `byte` (`memory.fill`).
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; in that case no byte is written.
    #[inline]
    fn memory_fill(&mut self, address: u64, byte: u8, len: u64) -> Result<(), Trap> {
        self.bulk_store(address, BulkSource::Byte { value: byte, len })
    }

    /// Copies `len` bytes from `source` to `target`, which may overlap (`memory.copy`).
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; in that case no byte is written.
    #[inline]
    fn memory_copy(&mut self, target: u64, source: u64, len: u64) -> Result<(), Trap> {
        self.bulk_store(target, BulkSource::Within { address: source, len })
    }

    /// Copies `len` bytes from another memory, whose index type and page size may differ
    /// (`memory.copy` between two memories). The range in that memory is checked first.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`]; in that case no byte is written.
    #[inline]
    fn memory_copy_from<S: GuestMemory>(
        &mut self,
        target: u64,
        other: &S,
        source: u64,
        len: u64,
    ) -> Result<(), Trap> {
        other.lend(source, len, Borrower::Memory { address: target }, |bytes| {
            self.bulk_store(target, BulkSource::Memory { address: source, bytes })
        })
    }

    /// Copies `len` bytes of `segment` from `source` on (`memory.init`). A dropped segment has no
    /// bytes. The source range is checked first.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] or [`Trap::Protected`] if either range is inaccessible; in that case
    /// no byte is written.
    #[inline]
    fn memory_init(
        &mut self,
        target: u64,
        segment: &[u8],
        source: u64,
        len: u64,
    ) -> Result<(), Trap> {
        let bytes = lend_segment(segment, source, len).ok_or(Trap::OutOfBounds)?;
        self.bulk_store(target, BulkSource::Segment { address: source, bytes })
    }
}

/// The `len` bytes of `segment` from `source` on, if they lie within it.
#[inline]
pub(crate) fn lend_segment(segment: &[u8], source: u64, len: u64) -> Option<LentBytes<'_>> {
    let last = (segment.len() as u64).checked_sub(len)?;
    // Both are at most the segment's length, a `usize`.
    let bytes = if source <= last {
        segment.get(source as usize..)?.get(..len as usize)?
    } else {
        return None;
    };
    Some(LentBytes::from(bytes))
}
