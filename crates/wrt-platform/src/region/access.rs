//! Checked access to the bytes of a region: one compare, then the access with the value that was
//! compared.
#![allow(unsafe_code)]

use core::hint;
use core::ptr::{self, NonNull};
use core::slice;

use super::{Region, WIDEST};
use crate::allocator::PageAllocator;
use crate::error::OutOfBounds;

impl<P: PageAllocator> Region<P> {
    /// Where the `N` bytes at `ea` are.
    ///
    /// One compare decides for every width, without arithmetic on the length (I4). Only for an
    /// access within the last 15 bytes, or past them, is the exact answer computed.
    #[inline(always)]
    fn place<const N: usize>(&self, ea: u64) -> Result<NonNull<[u8; N]>, OutOfBounds> {
        const { assert!(0 < N && N <= WIDEST, "an access has 1 to 16 bytes") };
        if ea >= self.wide_places as u64 {
            hint::cold_path();
            if ea >= self.len.saturating_sub(N - 1) as u64 {
                return Err(OutOfBounds);
            }
        }
        // SAFETY: `ea + N <= len` was just checked, by way of I4 or directly, so the result lies in the region (I1) and the
        // offset fits an `isize` (I3).
        Ok(unsafe { self.base.add(ea as usize) }.cast())
    }

    /// `start..start + len` as offsets, if it lies within the region. No bytes at the very end
    /// are within it.
    #[inline(always)]
    pub(super) fn range(&self, start: u64, len: u64) -> Result<(usize, usize), OutOfBounds> {
        match (self.len as u64).checked_sub(len) {
            // Both are at most `len`, which is a `usize`.
            Some(last) if start <= last => Ok((start as usize, len as usize)),
            _ => Err(OutOfBounds),
        }
    }

    /// The `N` bytes, at most 16, at effective address `ea`.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`] unless all `N` bytes lie below the length.
    #[inline(always)]
    pub fn load<const N: usize>(&self, ea: u64) -> Result<[u8; N], OutOfBounds> {
        self.array(ea).copied()
    }

    /// The `N` bytes, at most 16, at effective address `ea`, where they are: a reference is passed
    /// on in a register, while an array beside an error goes by way of the stack.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`] unless all `N` bytes lie below the length.
    #[inline(always)]
    pub fn array<const N: usize>(&self, ea: u64) -> Result<&[u8; N], OutOfBounds> {
        let place = self.place::<N>(ea)?;
        // SAFETY: `place` lies within the region, which is initialised and only read while `self`
        // is borrowed (I1); an array of bytes has no alignment.
        Ok(unsafe { place.as_ref() })
    }

    /// Writes `bytes`, at most 16, at effective address `ea`.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`] unless all `N` bytes lie below the length; nothing is written then.
    #[inline(always)]
    pub fn store<const N: usize>(&mut self, ea: u64, bytes: [u8; N]) -> Result<(), OutOfBounds> {
        let place = self.place::<N>(ea)?;
        // SAFETY: `place` lies within the region, which `&mut self` may write (I1); an array of
        // bytes has no alignment.
        unsafe { place.write(bytes) };
        Ok(())
    }

    /// The `len` bytes from `start`.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`] unless the range lies within the length.
    #[inline]
    pub fn slice(&self, start: u64, len: u64) -> Result<&[u8], OutOfBounds> {
        let (start, len) = self.range(start, len)?;
        // SAFETY: the range lies within the region (I1, I3).
        let first = unsafe { self.base.add(start) };
        // SAFETY: the bytes are valid to read, and the borrow of `self` keeps them from being
        // written, moved or released (I1).
        Ok(unsafe { slice::from_raw_parts(first.as_ptr(), len) })
    }

    /// The `len` bytes from `start`, for writing.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`] unless the range lies within the length.
    #[inline]
    pub fn slice_mut(&mut self, start: u64, len: u64) -> Result<&mut [u8], OutOfBounds> {
        let (start, len) = self.range(start, len)?;
        // SAFETY: the range lies within the region (I1, I3).
        let first = unsafe { self.base.add(start) };
        // SAFETY: the bytes are valid to read and write, and the exclusive borrow of `self` keeps
        // everyone else away (I1).
        Ok(unsafe { slice::from_raw_parts_mut(first.as_ptr(), len) })
    }

    /// All accessible bytes.
    #[inline]
    #[must_use]
    pub const fn data(&self) -> &[u8] {
        // SAFETY: I1, and the borrow of `self` keeps the bytes as they are.
        unsafe { slice::from_raw_parts(self.base.as_ptr(), self.len) }
    }

    /// All accessible bytes, for writing.
    #[inline]
    #[must_use]
    pub const fn data_mut(&mut self) -> &mut [u8] {
        // SAFETY: I1, and the exclusive borrow of `self` keeps everyone else away.
        unsafe { slice::from_raw_parts_mut(self.base.as_ptr(), self.len) }
    }

    /// Sets `len` bytes from `start` to `byte`.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`] unless the range lies within the length; nothing is written then.
    #[inline]
    pub fn fill(&mut self, start: u64, byte: u8, len: u64) -> Result<(), OutOfBounds> {
        self.slice_mut(start, len)?.fill(byte);
        Ok(())
    }

    /// Copies `len` bytes from `source` to `target`, as if by way of a third place where the two
    /// ranges overlap.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`] unless both ranges lie within the length; nothing is written then.
    #[inline]
    pub fn copy_within(&mut self, target: u64, source: u64, len: u64) -> Result<(), OutOfBounds> {
        let (source, _) = self.range(source, len)?;
        let (target, len) = self.range(target, len)?;
        // SAFETY: the range lies within the region (I1, I3).
        let from = unsafe { self.base.add(source) };
        // SAFETY: the range lies within the region (I1, I3).
        let to = unsafe { self.base.add(target) };
        // SAFETY: both ranges are valid to read and write (I1), and `copy` lets them overlap.
        unsafe { ptr::copy(from.as_ptr(), to.as_ptr(), len) };
        Ok(())
    }

    /// Overwrites offsets `start..end`, which lie within the region, with zeroes.
    pub(super) fn zero(&mut self, start: usize, end: usize) {
        if let Some(bytes) = self.data_mut().get_mut(start..end) {
            bytes.fill(0);
        }
    }
}
