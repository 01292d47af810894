//! List of entries, which readers follow while entries are taken and returned.

use super::entry::Entry;
use super::further;
use crate::sync::{Mutex, Once, const_fn, repeated};

/// A growing list of chunks of entries. The first chunk is part of the list; further ones come from
/// the allocator and are never freed, so that readers can follow the list at any time. Returned
/// entries are reused first.
///
/// - **R1** Every entry lives for ever and has at most one owner at a time: only the holder of the
///   lock takes from the free entries.
/// - **R2** Only the owner writes an entry, so it has one writer at a time.
/// - **R3** Readers take no lock and wait for nobody.
pub(super) struct List<const ENTRIES: usize, const WORDS: usize> {
    first: Chunk<ENTRIES, WORDS>,
    pub(super) free: Mutex<Free<ENTRIES, WORDS>>,
}

pub(super) struct Chunk<const ENTRIES: usize, const WORDS: usize> {
    entries: [Entry<WORDS>; ENTRIES],
    next: Once<&'static Self>,
}

/// The free entries (R1).
pub(super) struct Free<const ENTRIES: usize, const WORDS: usize> {
    /// Entries that had an owner before, chained by their `next_free`.
    returned: Option<&'static Entry<WORDS>>,
    /// The last chunk, if it is not the first.
    tail: Option<&'static Chunk<ENTRIES, WORDS>>,
    /// Entries of the last chunk that have had an owner.
    taken: usize,
}

impl<const ENTRIES: usize, const WORDS: usize> List<ENTRIES, WORDS> {
    const_fn! {
        /// A list with all entries of one chunk free.
        pub(super) fn new() -> Self {
            let free = Free { returned: None, tail: None, taken: 0 };
            Self { first: Chunk::new(), free: Mutex::new(free) }
        }
    }

    /// A free entry, unless all are taken and there is no memory for more.
    pub(super) fn take(&'static self) -> Option<&'static Entry<WORDS>> {
        let mut free = self.free.lock();
        if let Some(entry) = free.returned {
            free.returned = entry.next_free.lock().take();
            return Some(entry);
        }
        if free.taken == ENTRIES {
            let chunk = further::chunk()?;
            free.tail.unwrap_or(&self.first).next.call_once(|| chunk);
            free.tail = Some(chunk);
            free.taken = 0;
        }
        let entry = free.tail.unwrap_or(&self.first).entries.get(free.taken)?;
        free.taken += 1;
        Some(entry)
    }

    /// Returns an entry from its owner.
    pub(super) fn give_back(&self, entry: &'static Entry<WORDS>) {
        let mut free = self.free.lock();
        *entry.next_free.lock() = free.returned.replace(entry);
    }

    /// All entries, taken or free.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry<WORDS>> {
        let chunks = core::iter::successors(Some(&self.first), |chunk| chunk.next.get().copied());
        chunks.flat_map(|chunk| &chunk.entries)
    }
}

impl<const ENTRIES: usize, const WORDS: usize> Chunk<ENTRIES, WORDS> {
    const_fn! {
        pub(super) fn new() -> Self {
            Self { entries: repeated![Entry::new(); ENTRIES], next: Once::new() }
        }
    }
}
