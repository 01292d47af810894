//! Entries of the registry: words that a signal handler can read at any moment.

use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::{Mutex, const_fn, repeated};

/// Two copies of some words, of which one is valid while the other is written.
///
/// - **E1** Copy `version % 2` is complete. The other one may be half-written.
/// - **E2** A copy is written only after the version that names the other one is visible to any
///   thread that sees a word of it, and named only after all its words are visible.
///
/// So a reader that finds the same version before and after has read one complete copy, and a
/// writer that is stopped half-way blocks no reader.
#[derive(Debug)]
pub(super) struct Entry<const WORDS: usize> {
    version: AtomicUsize,
    copies: [Words<WORDS>; 2],
    /// Used under the list's lock, while the entry has no owner.
    pub(super) next_free: Mutex<Option<&'static Self>>,
}

/// Words of one copy.
#[derive(Debug)]
pub(in crate::fault) struct Words<const WORDS: usize>([AtomicUsize; WORDS]);

/// The most attempts to read an entry that changes during the read.
const ATTEMPTS: usize = 16;

impl<const WORDS: usize> Entry<WORDS> {
    const_fn! {
        /// An entry of zeroes.
        pub(super) fn new() -> Self {
            Self {
                version: AtomicUsize::new(0),
                copies: [Words::new(), Words::new()],
                next_free: Mutex::new(None),
            }
        }
    }

    /// The valid copy, for the entry's only writer.
    pub(super) fn own(&self) -> &Words<WORDS> {
        self.copy(self.version.load(Ordering::Relaxed))
    }

    /// Replaces the words. Called by the owner only, so there is one writer (R2).
    pub(super) fn write(&self, words: [usize; WORDS]) {
        let next = self.begin_write(words);
        self.version.store(next, Ordering::Release);
    }

    /// Writes the copy that is not valid, and returns the version that will name it.
    pub(super) fn begin_write(&self, words: [usize; WORDS]) -> usize {
        let next = self.version.load(Ordering::Relaxed).wrapping_add(1);
        // E2: a reader that sees one of the following words also sees the version before them.
        fence(Ordering::Release);
        for (slot, word) in self.copy(next).0.iter().zip(words) {
            slot.store(word, Ordering::Relaxed);
        }
        next
    }

    /// The result of `pick` for a complete copy; `None` if the entry changed at every attempt.
    pub(super) fn read<T>(&self, pick: impl Fn(&Words<WORDS>) -> Option<T>) -> Option<T> {
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

    fn copy(&self, version: usize) -> &Words<WORDS> {
        let [even, odd] = &self.copies;
        if version.is_multiple_of(2) { even } else { odd }
    }
}

impl<const WORDS: usize> Words<WORDS> {
    const_fn! {
        fn new() -> Self {
            Self(repeated![AtomicUsize::new(0); WORDS])
        }
    }

    pub(super) fn get(&self, index: usize) -> usize {
        self.0.get(index).map_or(0, |word| word.load(Ordering::Relaxed))
    }
}
