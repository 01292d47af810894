//! Lock-free registry of live memories.
//!
//! ```text
//! mod.rs      a memory's registration, and the search for an address
//!   record.rs   what is known of a memory, as words
//!   list.rs     entries that are given out and returned
//!   entry.rs    words that are read at any moment
//! ```

mod entry;
#[cfg_attr(not(feature = "alloc"), path = "further_none.rs")]
mod further;
mod list;
#[cfg(all(test, wrt_loom))]
mod models;
mod record;

use core::ops::Range;

use self::entry::Entry;
use self::list::List;
pub(super) use self::record::Recorded;
use self::record::{Protected, Record, WORDS};
use super::address::without_tag;
use super::extent::MemoryExtent;
use crate::error::{AllocError, AllocErrorKind, Operation};
use crate::name::MemoryName;
use crate::sync::global;

/// Entries of a chunk: few where memory is scarce.
const CHUNK: usize = if cfg!(target_os = "none") { 4 } else { 32 };

global! {
    static REGISTRY: List<CHUNK, WORDS> = List::new();
}

/// The result of `pick` for the record of the memory that `address` belongs to: the memory that
/// reserved it, otherwise the one whose guard it hit, the nearer one if there are two.
///
/// Records are not copied, since a signal handler may have little stack.
pub(super) fn find<T>(address: usize, pick: impl Fn(Recorded<'_>) -> Option<T>) -> Option<T> {
    let mut nearest = None;
    let mut least = usize::MAX;
    for entry in REGISTRY.entries() {
        let reach = entry.read(|words| Recorded(words).extent().reach(address));
        if let Some(reach) = reach.filter(|reach| nearest.is_none() || *reach < least) {
            (nearest, least) = (Some(entry), reach);
            if reach == 0 {
                break;
            }
        }
    }
    nearest?.read(|words| pick(Recorded(words)))
}

/// A memory's entry in the fault registry, from its creation until it is dropped.
///
/// A [`Region`](crate::Region) whose request [classifies
/// faults](crate::ReserveRequest::classify_faults) has one. An embedder may also register its own
/// memories by hand.
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
    entry: &'static Entry<WORDS>,
}

impl FaultRegistration {
    /// The most ranges that [`set_protected`](Self::set_protected) distinguishes.
    pub const PROTECTED_RANGES: usize = Protected::RANGES;

    /// Registers a memory. Tag bits of the base are ignored.
    ///
    /// # Errors
    ///
    /// [`AllocErrorKind::RegistryFull`] when the registry is full and cannot grow: without the feature
    /// `alloc` it holds 32 memories, and 4 where there is no operating system.
    pub fn new(name: Option<&str>, extent: MemoryExtent) -> Result<Self, AllocError> {
        let refused =
            AllocError::new(Operation::Reserve, AllocErrorKind::RegistryFull, extent.len as u64);
        let entry = REGISTRY.take().ok_or(refused)?;
        let name = MemoryName::new(name.unwrap_or_default());
        let registration = Self { entry };
        registration.write(Record { extent: untagged(extent), name, protected: Protected::NONE });
        Ok(registration)
    }

    /// The record.
    fn read(&self) -> Record {
        Recorded(self.entry.own()).read()
    }

    fn write(&self, record: Record) {
        self.entry.write(record.to_words());
    }

    /// Records the current base and sizes of the memory.
    pub fn set_extent(&mut self, extent: MemoryExtent) {
        let old = self.read();
        self.write(Record { extent: untagged(extent), ..old });
    }

    /// Records the current number of accessible bytes.
    pub fn set_len(&mut self, len: usize) {
        let old = self.read();
        self.write(Record { extent: MemoryExtent { len, ..old.extent }, ..old });
    }

    /// Records the protected ranges, as offsets from the base, and replaces those recorded before.
    /// If there are more than [`PROTECTED_RANGES`](Self::PROTECTED_RANGES), the last one recorded
    /// extends over all the others, and accessible bytes between them count as protected.
    pub fn set_protected(&mut self, ranges: impl IntoIterator<Item = Range<usize>>) {
        let old = self.read();
        self.write(Record { protected: Protected::new(ranges), ..old });
    }
}

/// Proof of the table of `Send` and `Sync` in the crate's documentation.
const _: () = {
    const fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<FaultRegistration>();
};

fn untagged(extent: MemoryExtent) -> MemoryExtent {
    MemoryExtent { base: without_tag(extent.base), ..extent }
}

impl Drop for FaultRegistration {
    fn drop(&mut self) {
        self.write(Record::NONE);
        REGISTRY.give_back(self.entry);
    }
}

/// Lock of tests that use slots, held exclusively by those that use all of them.
#[cfg(test)]
pub(crate) static SLOTS: std::sync::RwLock<()> = std::sync::RwLock::new(());

#[cfg(test)]
mod tests;
