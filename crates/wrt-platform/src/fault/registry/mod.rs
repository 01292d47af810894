//! Which memories there are.
//!
//! A list of chunks of entries that only ever grows. The first chunk is a `static`; further ones
//! come from the allocator and are never given back, so that whoever reads the list can follow it
//! at any time. Entries that are free again are used first.
//!
//! - **R1** Every entry lives for ever, and one registration at a time owns it: what is free is
//!   known only to the holder of the lock.
//! - **R2** Only the owner writes an entry, so it has one writer at a time.
//! - **R3** Readers take no lock and wait for nobody.

mod entry;
#[cfg_attr(not(feature = "alloc"), path = "further_none.rs")]
mod further;
mod record;

use core::ops::Range;

use spin::{Mutex, Once};

use self::entry::Entry;
use self::record::{Protected, Record};
use super::extent::MemoryExtent;
use super::report::{FaultReport, without_tag};
use crate::error::{AllocError, AllocErrorKind, Operation};
use crate::name::MemoryName;

/// Entries of a chunk: few where memory is scarce.
const CHUNK: usize = if cfg!(target_os = "none") { 4 } else { 32 };

struct Chunk {
    entries: [Entry; CHUNK],
    next: Once<&'static Chunk>,
}

impl Chunk {
    const fn new() -> Self {
        Self { entries: [const { Entry::new() }; CHUNK], next: Once::new() }
    }
}

static FIRST: Chunk = Chunk::new();

static FREE: Mutex<Free> = Mutex::new(Free { returned: None, tail: &FIRST, taken: 0 });

/// What is free (R1).
struct Free {
    /// Entries that had an owner before, chained by their `next_free`.
    returned: Option<&'static Entry>,
    tail: &'static Chunk,
    /// Entries of the tail that have had an owner.
    taken: usize,
}

impl Free {
    fn take(&mut self) -> Option<&'static Entry> {
        if let Some(entry) = self.returned {
            self.returned = entry.next_free.lock().take();
            return Some(entry);
        }
        if self.taken == CHUNK {
            let chunk = further::chunk()?;
            self.tail.next.call_once(|| chunk);
            self.tail = chunk;
            self.taken = 0;
        }
        let entry = self.tail.entries.get(self.taken)?;
        self.taken += 1;
        Some(entry)
    }

    fn give_back(&mut self, entry: &'static Entry) {
        *entry.next_free.lock() = self.returned.replace(entry);
    }
}

/// The record of the memory that `address` belongs to: the one that reserved it, else the one
/// whose guard it hit, the nearer one if there are two.
pub(super) fn find(address: usize) -> Option<Record> {
    let mut nearest: Option<(usize, Record)> = None;
    let mut chunk = Some(&FIRST);
    while let Some(Chunk { entries, next }) = chunk {
        for entry in entries {
            match entry.find(address) {
                Some((0, record)) => return Some(record),
                Some((reach, record)) if nearest.as_ref().is_none_or(|(far, _)| reach < *far) => {
                    nearest = Some((reach, record));
                }
                _ => {}
            }
        }
        chunk = next.get().copied();
    }
    nearest.map(|(_, record)| record)
}

/// A memory's place in the registry of faults, from its creation until it is dropped.
///
/// A [`Region`](crate::Region) that was asked to [classify its
/// faults](crate::ReserveRequest::classify_faults) has one. An embedder with memories of its own
/// may register them by hand.
///
/// ```
/// use wrt_platform::{FaultKind, FaultRegistration, FaultReport, FaultSignal, MemoryExtent};
///
/// let extent = MemoryExtent { base: 0x10_0000, len: 4096, capacity: 8192, ..Default::default() };
/// let registration = FaultRegistration::new(Some("heap"), extent)?;
/// let signal = FaultSignal::Segmentation(1);
/// let report = FaultReport::classify(0x10_1004, signal).unwrap();
/// assert_eq!(report.kind, FaultKind::BeyondLength);
/// assert_eq!(report.to_string(), "memory \"heap\": access at 0x1004, 4 bytes past the end");
/// drop(registration);
/// assert_eq!(FaultReport::classify(0x10_1004, signal), None);
/// # Ok::<(), wrt_platform::AllocError>(())
/// ```
#[derive(Debug)]
pub struct FaultRegistration {
    entry: &'static Entry,
}

impl FaultRegistration {
    /// Ranges that [`set_protected`](Self::set_protected) keeps apart.
    pub const PROTECTED_RANGES: usize = Protected::RANGES;

    /// Registers a memory. Tag bits of the base do not count.
    ///
    /// # Errors
    ///
    /// [`AllocErrorKind::Slots`] when the registry is full and cannot grow: without the feature
    /// `alloc` it holds 32 memories, and 4 where there is no operating system.
    pub fn new(name: Option<&str>, extent: MemoryExtent) -> Result<Self, AllocError> {
        let refused = AllocError::new(Operation::Reserve, AllocErrorKind::Slots, extent.len as u64);
        let entry = FREE.lock().take().ok_or(refused)?;
        let name = MemoryName::new(name.unwrap_or_default());
        entry.write(&Record { extent: untagged(extent), name, protected: Protected::NONE });
        Ok(Self { entry })
    }

    /// Records where the memory is now and how large.
    pub fn set_extent(&mut self, extent: MemoryExtent) {
        let old = self.entry.read_own();
        self.entry.write(&Record { extent: untagged(extent), ..old });
    }

    /// Records how many bytes are accessible now.
    pub fn set_len(&mut self, len: usize) {
        let old = self.entry.read_own();
        self.entry.write(&Record { extent: MemoryExtent { len, ..old.extent }, ..old });
    }

    /// Records which bytes, as offsets from the base, have lost rights: all of them, whatever was
    /// recorded before. Where there are more ranges than are kept apart, the last one recorded
    /// stretches over all that are left, and accessible bytes between them count as protected.
    pub fn set_protected(&mut self, ranges: impl IntoIterator<Item = Range<usize>>) {
        let old = self.entry.read_own();
        self.entry.write(&Record { protected: Protected::new(ranges), ..old });
    }
}

/// The promises of the table in the crate's documentation.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<FaultRegistration>();
    is_send_and_sync::<FaultReport>();
};

fn untagged(extent: MemoryExtent) -> MemoryExtent {
    MemoryExtent { base: without_tag(extent.base), ..extent }
}

impl Drop for FaultRegistration {
    fn drop(&mut self) {
        self.entry.write(&Record::NONE);
        FREE.lock().give_back(self.entry);
    }
}

/// Held by tests that use slots, and exclusively by those that use all of them.
#[cfg(test)]
pub(crate) static SLOTS: std::sync::RwLock<()> = std::sync::RwLock::new(());

#[cfg(test)]
mod tests;
