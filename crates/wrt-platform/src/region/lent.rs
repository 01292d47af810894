//! Bytes lent to be copied, without a reference to them.
#![allow(unsafe_code, reason = "copies between memories and from slices")]

use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use super::Region;
use crate::allocator::PageAllocator;
use crate::error::Inaccessible;
use crate::protection::Protection;

/// Bytes lent to be copied: the source of [`Region::copy_in`].
///
/// They come from a region ([`Region::lend`]) or from a slice, and can only be copied. No reference
/// covers them, so a memory whose bytes other threads write at the same time can lend them too,
/// which it could not do as `&[u8]`.
///
/// ```
/// use wrt_platform::{LentBytes, Region, ReserveRequest, StaticArena};
///
/// static ARENA: StaticArena<{ 4 << 16 }> = StaticArena::new();
///
/// let request = ReserveRequest::new(1 << 16, 1 << 16);
/// let mut first = Region::new(&ARENA, &request)?;
/// let mut second = Region::new(&ARENA, &request)?;
/// first.copy_in(100, LentBytes::from(b"hello".as_slice())).unwrap();
/// second.copy_in(0, first.lend(101, 3).unwrap()).unwrap();
/// assert_eq!(second.load(0), Ok(*b"ell\0"));
/// let mut bytes = [0; 4];
/// assert_eq!(second.lend(1, 2).unwrap().copy_to(&mut bytes), 2);
/// assert_eq!(bytes, *b"ll\0\0");
/// assert!(second.copy_in(65_535, first.lend(100, 5).unwrap()).is_err());
/// # Ok::<(), wrt_platform::AllocError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LentBytes<'a> {
    /// - **B1** During `'a` the `len` bytes from `first` lie in one allocation, are initialised and
    ///   can be read without a host fault, and no safe code writes them.
    first: NonNull<u8>,
    len: usize,
    lender: PhantomData<&'a [u8]>,
}

impl LentBytes<'_> {
    /// Number of bytes.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether the length is zero.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Copies as many bytes as fit to the start of `target`, and returns their number.
    #[inline]
    pub fn copy_to(self, target: &mut [u8]) -> usize {
        let len = self.len.min(target.len());
        let start = NonNull::from(target).cast();
        // SAFETY: `len` is at most the length of the source (B1), and of `target`, which is
        // borrowed exclusively.
        unsafe { self.copy_first(len, start) };
        len
    }

    /// Copies the first `len` bytes to `target`.
    ///
    /// # Safety
    ///
    /// `len` is at most [`len`](Self::len), and the `len` bytes from `target` can be written
    /// without a host fault and belong to the caller.
    #[inline]
    pub(super) unsafe fn copy_first(self, len: usize, target: NonNull<u8>) {
        // SAFETY: the source can be read (B1), and the caller guarantees that the target can be
        // written. The ranges may overlap, so a lender need not know whether its memory is the
        // target's.
        unsafe { ptr::copy(self.first.as_ptr(), target.as_ptr(), len) };
    }
}

impl<'a> From<&'a [u8]> for LentBytes<'a> {
    #[inline]
    fn from(bytes: &'a [u8]) -> Self {
        // B1: a slice is initialised, readable and not written while it is borrowed.
        Self { first: NonNull::from(bytes).cast(), len: bytes.len(), lender: PhantomData }
    }
}

impl<P: PageAllocator> Region<P> {
    /// Lends the `len` bytes from `start` to be copied.
    ///
    /// # Errors
    ///
    /// [`Inaccessible`] unless the range lies within the length and may be read.
    #[inline]
    pub fn lend(&self, start: u64, len: u64) -> Result<LentBytes<'_>, Inaccessible> {
        let (start, len) = self.range(start, len, Protection::READ)?;
        // SAFETY: the range lies within the region (I1, I3).
        let first = unsafe { self.base.add(start) };
        // B1: the region's bytes are initialised and the range was just checked to be readable; the
        // borrow of `self` keeps them from being written, moved or released (I1).
        Ok(LentBytes { first, len, lender: PhantomData })
    }

    /// Copies all of `source` to `target`.
    ///
    /// # Errors
    ///
    /// [`Inaccessible`] unless the bytes from `target` lie within the length and may be written; in
    /// that case nothing is written.
    #[inline]
    pub fn copy_in(&mut self, target: u64, source: LentBytes<'_>) -> Result<(), Inaccessible> {
        // Bytes that may be written need not be readable: no reference covers them.
        let (target, len) = self.range(target, source.len as u64, Protection::WRITE)?;
        // SAFETY: the range lies within the region (I1, I3).
        let first = unsafe { self.base.add(target) };
        // SAFETY: `len` is the source's, and the range was just checked to be writable (I1).
        unsafe { source.copy_first(len, first) };
        Ok(())
    }
}
