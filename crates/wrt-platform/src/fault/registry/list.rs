//! Entries that are given out and returned, in a list that others follow meanwhile.

use super::entry::Entry;
use super::further;
use crate::sync::{Mutex, Once, const_fn, repeated};

/// Chunks of entries, of which there are ever more. The first chunk is part of the list; further
/// ones come from the allocator and are never given back, so that whoever reads the list can follow
/// it at any time. Entries that were returned are given out first.
///
/// - **R1** Every entry lives for ever, and one owner at a time has it: what is free is known only to
///   the holder of the lock.
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

/// What is free (R1).
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

    /// An entry that nobody has, unless all are taken and there is no memory for more.
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

    /// Returns an entry that its owner needs no more.
    pub(super) fn give_back(&self, entry: &'static Entry<WORDS>) {
        let mut free = self.free.lock();
        *entry.next_free.lock() = free.returned.replace(entry);
    }

    /// All entries, whether somebody has them or not.
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
