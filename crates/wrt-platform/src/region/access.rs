//! Checked access to the bytes of a region: one compare, then the access at the value compared.
#![allow(unsafe_code, reason = "checked access through the one pointer")]

use core::hint;
use core::ptr::{self, NonNull};
use core::slice;

use super::{Region, WIDEST};
use crate::allocator::PageAllocator;
use crate::error::Inaccessible;
use crate::protection::Protection;

impl<P: PageAllocator> Region<P> {
    /// Pointer to the `N` bytes at `ea`.
    ///
    /// One compare decides for every width, without arithmetic on the length (I4). The exact answer
    /// is computed only for an access within the last 15 bytes, past them, or behind protected
    /// bytes: first against the window (I6), then out of line against the table of rights.
    #[inline(always)]
    fn place<const N: usize>(
        &self,
        ea: u64,
        needed: Protection,
    ) -> Result<NonNull<[u8; N]>, Inaccessible> {
        const { assert!(0 < N && N <= WIDEST, "an access has 1 to 16 bytes") };
        if ea >= self.wide_places as u64 {
            hint::cold_path();
            let places = self.window_len.saturating_sub(N - 1) as u64;
            if ea.wrapping_sub(self.window_start as u64) >= places
                && !self.is_accessible(ea, N as u64, needed)
            {
                return Err(Inaccessible);
            }
        }
        // SAFETY: `ea + N <= len` was just checked, by way of I4, I6 or directly, so the result
        // lies in the region (I1) and the offset fits an `isize` (I3).
        Ok(unsafe { self.base.add(ea as usize) }.cast())
    }

    /// `start` and `len` as host sizes, if the range lies within the region and `needed` is allowed
    /// on all of it. An empty range at the very end lies within it.
    #[inline(always)]
    pub(super) fn range(
        &self,
        start: u64,
        len: u64,
        needed: Protection,
    ) -> Result<(usize, usize), Inaccessible> {
        // Both are at most `len`, which is a `usize`.
        let found = (start as usize, len as usize);
        match (self.window_len as u64).checked_sub(len) {
            Some(last) if start.wrapping_sub(self.window_start as u64) <= last => Ok(found),
            _ if self.is_accessible(start, len, needed) => Ok(found),
            _ => Err(Inaccessible),
        }
    }

    /// The exact answer for a range outside the window.
    #[cold]
    #[inline(never)]
    fn is_accessible(&self, start: u64, len: u64, needed: Protection) -> bool {
        let within = (self.len as u64).checked_sub(len).is_some_and(|last| start <= last);
        within
            && !self.rights().is_empty()
            && self.rights().shared_by(start as usize, (start + len) as usize).contains(needed)
    }

    /// The `N` bytes, at most 16, at effective address `ea`.
    ///
    /// # Errors
    ///
    /// [`Inaccessible`] unless all `N` bytes lie below the length and are not protected.
    #[inline(always)]
    pub fn load<const N: usize>(&self, ea: u64) -> Result<[u8; N], Inaccessible> {
        self.array(ea).copied()
    }

    /// A reference to the `N` bytes, at most 16, at effective address `ea`. A reference returns in
    /// a register, while an array beside an error goes through the stack.
    ///
    /// # Errors
    ///
    /// [`Inaccessible`] unless all `N` bytes lie below the length and are not protected.
    #[inline(always)]
    pub fn array<const N: usize>(&self, ea: u64) -> Result<&[u8; N], Inaccessible> {
        let place = self.place::<N>(ea, Protection::READ)?;
        // SAFETY: `place` lies within the region, which is initialised and only read while `self`
        // is borrowed (I1); an array of bytes has no alignment.
        Ok(unsafe { place.as_ref() })
    }

    /// Writes `bytes`, at most 16, at effective address `ea`.
    ///
    /// # Errors
    ///
    /// [`Inaccessible`] unless all `N` bytes lie below the length and are not protected; in that
    /// case nothing is written.
    #[inline(always)]
    pub fn store<const N: usize>(&mut self, ea: u64, bytes: [u8; N]) -> Result<(), Inaccessible> {
        let place = self.place::<N>(ea, Protection::WRITE)?;
        // SAFETY: `place` lies within the region, which `&mut self` may write (I1); an array of
        // bytes has no alignment.
        unsafe { place.write(bytes) };
        Ok(())
    }

    /// The `len` bytes from `start`.
    ///
    /// # Errors
    ///
    /// [`Inaccessible`] unless the range lies within the length and is not protected.
    #[inline]
    pub fn slice(&self, start: u64, len: u64) -> Result<&[u8], Inaccessible> {
        let (start, len) = self.range(start, len, Protection::READ)?;
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
    /// [`Inaccessible`] unless the range lies within the length and is not protected.
    #[inline]
    pub fn slice_mut(&mut self, start: u64, len: u64) -> Result<&mut [u8], Inaccessible> {
        let (start, len) = self.range(start, len, Protection::READ_WRITE)?;
        // SAFETY: the range lies within the region (I1, I3).
        let first = unsafe { self.base.add(start) };
        // SAFETY: the bytes are valid to read and write, and the exclusive borrow of `self` keeps
        // everyone else away (I1).
        Ok(unsafe { slice::from_raw_parts_mut(first.as_ptr(), len) })
    }

    /// All bytes.
    ///
    /// # Errors
    ///
    /// [`Inaccessible`] while some bytes are not readable; [`slice`](Self::slice) lends the others.
    #[inline]
    pub fn data(&self) -> Result<&[u8], Inaccessible> {
        self.slice(0, self.len as u64)
    }

    /// All bytes, for writing.
    ///
    /// # Errors
    ///
    /// [`Inaccessible`] while some bytes are protected; [`slice_mut`](Self::slice_mut) lends the
    /// others.
    #[inline]
    pub fn data_mut(&mut self) -> Result<&mut [u8], Inaccessible> {
        self.slice_mut(0, self.len as u64)
    }

    /// Sets `len` bytes from `start` to `byte`.
    ///
    /// # Errors
    ///
    /// [`Inaccessible`] unless the range lies within the length and is not protected; in that case
    /// nothing is written.
    #[inline]
    pub fn fill(&mut self, start: u64, byte: u8, len: u64) -> Result<(), Inaccessible> {
        // Bytes that may be written need not be readable: no reference covers them.
        let (start, len) = self.range(start, len, Protection::WRITE)?;
        // SAFETY: the range lies within the region (I1, I3).
        let first = unsafe { self.base.add(start) };
        // SAFETY: the range was just checked to be writable (I1).
        unsafe { first.write_bytes(byte, len) };
        Ok(())
    }

    /// Copies `len` bytes from `source` to `target`. The ranges may overlap, as in `memmove`.
    ///
    /// # Errors
    ///
    /// [`Inaccessible`] unless both ranges lie within the length and are not protected; in that
    /// case nothing is written.
    #[inline]
    pub fn copy_within(&mut self, target: u64, source: u64, len: u64) -> Result<(), Inaccessible> {
        let (source, _) = self.range(source, len, Protection::READ)?;
        let (target, len) = self.range(target, len, Protection::WRITE)?;
        // SAFETY: the range lies within the region (I1, I3).
        let from = unsafe { self.base.add(source) };
        // SAFETY: the range lies within the region (I1, I3).
        let to = unsafe { self.base.add(target) };
        // SAFETY: both ranges are valid to read and write (I1), and `copy` lets them overlap.
        unsafe { ptr::copy(from.as_ptr(), to.as_ptr(), len) };
        Ok(())
    }

    /// Overwrites offsets `start..end`, which lie within the region and are writable, with zeroes.
    pub(super) fn zero(&mut self, start: usize, end: usize) {
        let filled = self.fill(start as u64, 0, end.saturating_sub(start) as u64);
        debug_assert_eq!(filled, Ok(()), "{start}..{end} is not writable");
    }
}
