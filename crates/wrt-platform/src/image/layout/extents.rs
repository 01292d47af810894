//! Runs of bytes, merged from segments.

use alloc::vec::Vec;
use core::ops::Range;

use crate::error::{AllocError, AllocErrorKind, Operation};

/// A non-empty run of bytes at addresses `start..end`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Extent {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Offset of its first byte in the image's storage.
    pub(super) offset: usize,
}

impl Extent {
    /// Offsets of its bytes in the image's storage.
    pub(super) const fn offsets(&self) -> Range<usize> {
        self.offset..self.offset + self.len()
    }

    /// The length in bytes, which fits a `usize`: `Extents::of` has checked it.
    const fn len(&self) -> usize {
        (self.end - self.start) as usize
    }
}

/// Extents in order of address, none of which touches the next. Their bytes together are at most
/// `isize::MAX`.
#[derive(Debug)]
pub(super) struct Extents(pub(super) Vec<Extent>);

impl Extents {
    /// Merges `segments`.
    ///
    /// # Errors
    ///
    /// When they reach beyond 64-bit addresses, have more bytes than the host can address, or there
    /// is no memory for the list.
    pub(super) fn of(segments: &[(u64, &[u8])]) -> Result<Self, AllocError> {
        let refuse = |kind, requested| AllocError::new(Operation::Image, kind, requested);
        let mut runs = Vec::new();
        let list = segments.len().saturating_mul(size_of::<Extent>()) as u64;
        runs.try_reserve_exact(segments.len())
            .map_err(|_| refuse(AllocErrorKind::Exhausted, list))?;
        for (start, bytes) in segments.iter().filter(|(_, bytes)| !bytes.is_empty()) {
            let end = start.checked_add(bytes.len() as u64);
            let end = end.ok_or_else(|| refuse(AllocErrorKind::AddressSpace, *start))?;
            runs.push(Extent { start: *start, end, offset: 0 });
        }
        runs.sort_unstable_by_key(|run| run.start);
        runs.dedup_by(|next, last| {
            let joined = next.start <= last.end;
            if joined {
                last.end = last.end.max(next.end);
            }
            joined
        });
        let total = runs.iter().try_fold(0_u64, |sum, run| sum.checked_add(run.end - run.start));
        match total.filter(|total| *total <= isize::MAX as u64) {
            Some(_) => Ok(Self(runs)),
            None => Err(refuse(AllocErrorKind::AddressSpace, total.unwrap_or(u64::MAX))),
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<&Extent> {
        self.0.get(index)
    }

    /// The address past the last byte.
    pub(super) fn end(&self) -> u64 {
        self.0.last().map_or(0, |last| last.end)
    }

    /// Number of extents that end at `address` or below.
    pub(super) fn count_up_to(&self, address: u64) -> usize {
        self.0.partition_point(|extent| extent.end <= address)
    }

    /// Assigns consecutive offsets to the extents; returns their total length.
    pub(super) fn pack(&mut self) -> usize {
        self.0.iter_mut().fold(0, |offset, extent| {
            extent.offset = offset;
            extent.offsets().end
        })
    }

    /// The bytes of the segments that the extents were merged from, with their offsets.
    pub(super) fn parts<'a>(
        &self,
        segments: &[(u64, &'a [u8])],
    ) -> impl Iterator<Item = (usize, &'a [u8])> {
        segments.iter().filter_map(|(address, bytes)| {
            let extent = self.get(self.count_up_to(*address))?;
            // An extent holds all of a segment that starts in it.
            Some((extent.offset + address.checked_sub(extent.start)? as usize, *bytes))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn runs(segments: &[(u64, &[u8])]) -> Vec<(u64, u64)> {
        Extents::of(segments).unwrap().0.iter().map(|extent| (extent.start, extent.end)).collect()
    }

    #[test]
    fn segments_that_touch_or_overlap_are_one_run() {
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[(7, b""), (u64::MAX, b"")]), []);
        assert_eq!(runs(&[(9, b"c"), (0, b"ab"), (2, b"d")]), [(0, 3), (9, 10)]);
        assert_eq!(runs(&[(4, b"long one"), (5, b"in it"), (12, b"")]), [(4, 12)]);
        assert_eq!(runs(&[(u64::MAX - 1, b"x"), (0, b"y")]), [(0, 1), (u64::MAX - 1, u64::MAX)]);
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let error = Extents::of(&[(0, b"a"), (u64::MAX, b"b")]).unwrap_err();
        assert_eq!((error.kind, error.requested), (AllocErrorKind::AddressSpace, u64::MAX));
    }

    #[test]
    fn packed_extents_hold_every_segment() {
        let segments: [(u64, &[u8]); 4] = [(1 << 40, b"far"), (5, b"abc"), (7, b"d"), (6, b"xy")];
        let mut extents = Extents::of(&segments).unwrap();
        assert_eq!(extents.pack(), 6);
        let mut bytes = [0; 6];
        for (offset, part) in extents.parts(&segments) {
            bytes[offset..offset + part.len()].copy_from_slice(part);
        }
        assert_eq!(&bytes, b"axyfar");
    }
}
