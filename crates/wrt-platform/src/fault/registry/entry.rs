//! One place in the registry: a record that a signal handler can read at any moment.

use core::sync::atomic::{AtomicUsize, Ordering, fence};

use spin::Mutex;

use super::record::{Record, WORDS};

/// Two copies of a record, of which one is valid while the other is written.
///
/// - **E1** Copy `version % 2` is complete. The other one may be half-written.
/// - **E2** A copy is written only after the version that names the other one is visible to
///   whoever sees a word of it, and named only after all its words are.
///
/// So a reader that finds the same version before and after has read one complete record, and a
/// writer that is stopped half-way stops no reader.
#[derive(Debug)]
pub(super) struct Entry {
    version: AtomicUsize,
    copies: [[AtomicUsize; WORDS]; 2],
    /// Used under the registry's lock, while nobody owns the entry.
    pub(super) next_free: Mutex<Option<&'static Entry>>,
}

/// How often a record is read that changes meanwhile, before it is given up.
const ATTEMPTS: usize = 16;

impl Entry {
    pub(super) const fn new() -> Self {
        Self {
            version: AtomicUsize::new(0),
            copies: [const { [const { AtomicUsize::new(0) }; WORDS] }; 2],
            next_free: Mutex::new(None),
        }
    }

    /// The valid copy, for the entry's only writer.
    pub(super) fn read_own(&self) -> Record {
        let version = self.version.load(Ordering::Relaxed);
        let copy = self.copy(version);
        Record::from_words(|index| load(copy, index))
    }

    /// Replaces the record. Called by the owner only, so there is one writer (R2).
    pub(super) fn write(&self, record: &Record) {
        let next = self.begin_write(record);
        self.version.store(next, Ordering::Release);
    }

    /// Writes the copy that is not valid, and returns the version that will name it.
    pub(super) fn begin_write(&self, record: &Record) -> usize {
        let next = self.version.load(Ordering::Relaxed).wrapping_add(1);
        // E2: who sees a word of what follows also sees the version before it.
        fence(Ordering::Release);
        for (slot, word) in self.copy(next).iter().zip(record.to_words()) {
            slot.store(word, Ordering::Relaxed);
        }
        next
    }

    /// How far `address` lies from the reservation of this memory, and its record, if it covers
    /// the address.
    pub(super) fn find(&self, address: usize) -> Option<(usize, Record)> {
        self.read(|copy| {
            let extent = Record::extent(|index| load(copy, index));
            let reach = extent.reach(address)?;
            Some((reach, Record::from_words(|index| load(copy, index))))
        })
    }

    /// What `pick` makes of a complete record; nothing when it changed at every attempt.
    fn read<T>(&self, pick: impl Fn(&[AtomicUsize; WORDS]) -> Option<T>) -> Option<T> {
        for _ in 0..ATTEMPTS {
            let version = self.version.load(Ordering::Acquire);
            let picked = pick(self.copy(version));
            fence(Ordering::Acquire);
            if self.version.load(Ordering::Relaxed) == version {
                return picked;
            }
        }
        None
    }

    fn copy(&self, version: usize) -> &[AtomicUsize; WORDS] {
        let [even, odd] = &self.copies;
        if version.is_multiple_of(2) { even } else { odd }
    }
}

fn load(copy: &[AtomicUsize; WORDS], index: usize) -> usize {
    copy.get(index).map_or(0, |word| word.load(Ordering::Relaxed))
}
