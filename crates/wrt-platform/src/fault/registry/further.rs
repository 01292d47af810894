//! Chunks from the allocator.

use alloc::vec::Vec;

use super::Chunk;

/// A new chunk that lives for ever, unless memory is exhausted.
pub(super) fn chunk() -> Option<&'static Chunk> {
    let mut one = Vec::new();
    one.try_reserve_exact(1).ok()?;
    one.push(Chunk::new());
    let leaked: &'static [Chunk] = one.leak();
    leaked.first()
}
