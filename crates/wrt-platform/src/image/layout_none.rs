//! Twin for builds without an allocator, where every image is a static.

use core::ptr;

#[derive(Clone, Copy)]
pub(super) struct Layout {
    start: u64,
    bytes: &'static [u8],
}

impl Layout {
    pub(super) const fn from_static(start: u64, bytes: &'static [u8]) -> Self {
        Self { start, bytes }
    }

    pub(super) const fn end(&self) -> u64 {
        if self.bytes.is_empty() { 0 } else { self.start.saturating_add(self.bytes.len() as u64) }
    }

    pub(super) const fn extent(&self, index: usize) -> Option<(u64, &[u8])> {
        if index == 0 && !self.bytes.is_empty() { Some((self.start, self.bytes)) } else { None }
    }

    pub(super) fn count_up_to(&self, address: u64) -> usize {
        usize::from(self.end() <= address)
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.start == other.start && ptr::eq(self.bytes, other.bytes)
    }
}
