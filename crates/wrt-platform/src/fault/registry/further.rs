//! Chunks from the allocator.

use alloc::vec::Vec;

use super::list::Chunk;

/// A new chunk, which lives for ever; `None` if memory is exhausted.
pub(super) fn chunk<const ENTRIES: usize, const WORDS: usize>()
-> Option<&'static Chunk<ENTRIES, WORDS>> {
    let mut one = Vec::new();
    one.try_reserve_exact(1).ok()?;
    one.push(Chunk::new());
    let leaked: &'static [_] = one.leak();
    leaked.first()
}
