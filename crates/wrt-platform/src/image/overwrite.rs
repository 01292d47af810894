//! Images written over the bytes of a memory.

use super::MemoryImage;

impl MemoryImage {
    /// The runs within `len` bytes from address `start`, as `(offset, bytes)` in order, with
    /// offsets counted from `start`.
    pub(crate) fn extents_within(
        &self,
        start: u64,
        len: usize,
    ) -> impl Iterator<Item = (usize, &[u8])> {
        self.extents_from(start).map_while(move |(address, bytes)| {
            // The bytes of a run, and those before it within `len`, fit a `usize`.
            let skipped = start.saturating_sub(address) as usize;
            let offset = address.saturating_sub(start);
            let room = (len as u64).checked_sub(offset).filter(|room| *room > 0)?;
            let bytes = bytes.get(skipped..)?;
            let visible = bytes.len().min(room as usize);
            Some((offset as usize, bytes.get(..visible)?))
        })
    }

    /// Overwrites `bytes`, which a memory has from address `start`, with the image: its runs, and
    /// zeroes around them.
    pub(crate) fn write_over(&self, start: u64, bytes: &mut [u8]) {
        bytes.fill(0);
        for (offset, held) in self.extents_within(start, bytes.len()) {
            if let Some(target) = bytes.get_mut(offset..offset + held.len()) {
                target.copy_from_slice(held);
            }
        }
    }
}
