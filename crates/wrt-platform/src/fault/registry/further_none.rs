//! Twin for builds without an allocator, with the first chunk only.

use super::list::Chunk;

pub(super) const fn chunk<const ENTRIES: usize, const WORDS: usize>()
-> Option<&'static Chunk<ENTRIES, WORDS>> {
    None
}
