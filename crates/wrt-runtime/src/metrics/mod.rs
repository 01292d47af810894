//! Counts of a memory's operations. `local.rs` counts for one thread at a time, `sync.rs` for
//! several at once; both are exact.

#[cfg_attr(target_has_atomic = "64", path = "counter_64.rs")]
#[cfg_attr(not(target_has_atomic = "64"), path = "counter_32.rs")]
mod counter;
#[macro_use]
mod forward;
mod local;
#[cfg(feature = "alloc")]
mod owned;
mod sync;
#[cfg_attr(feature = "std", path = "thread_slot_std.rs")]
#[cfg_attr(not(feature = "std"), path = "thread_slot_none.rs")]
mod thread_slot;

use core::fmt;

pub use local::Metrics;
pub use sync::SyncMetrics;

use crate::observer::Observer;

/// Counts of an observer.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct AccessCounts {
    /// Completed scalar and vector loads.
    pub loads: u64,
    /// Completed scalar and vector stores.
    pub stores: u64,
    /// Completed bulk operations: fills, copies, inits, and the host's reads and writes. A copy
    /// between two memories counts in both.
    pub bulk_operations: u64,
    /// Bytes that bulk operations moved.
    pub bulk_bytes: u64,
    /// Accesses that were refused. Lent slices, discards and resets are not counted, whether they
    /// succeed or fail.
    pub traps: u64,
    /// Growths that succeeded, without the creation of the memory.
    pub grows: u64,
    /// Growths that failed, for any reason.
    pub refused_grows: u64,
}

/// An observer that counts. A pair counts if its first member does, so that hooks can be added
/// to a counted memory.
pub trait Counting: Observer {
    /// The counts so far. While other threads count, a number may lack additions in progress; once
    /// they are done, all are exact.
    fn counts(&self) -> AccessCounts;
}

impl<A: Counting, B: Observer> Counting for (A, B) {
    fn counts(&self) -> AccessCounts {
        self.0.counts()
    }
}

/// Use of a memory. Its `Display` is a table with one line for each figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct MemoryMetrics {
    /// The observer's counts.
    pub counts: AccessCounts,
    /// Current size in bytes.
    pub bytes: u64,
    /// The largest size so far, in bytes.
    pub peak_bytes: u64,
    /// Bytes that occupy physical memory, where the host reports it.
    pub resident_bytes: Option<u64>,
}

impl fmt::Display for MemoryMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counts, bytes, peak_bytes, resident_bytes } = self;
        let rows = [
            ("loads", Some(counts.loads)),
            ("stores", Some(counts.stores)),
            ("bulk operations", Some(counts.bulk_operations)),
            ("bulk bytes", Some(counts.bulk_bytes)),
            ("traps", Some(counts.traps)),
            ("grows", Some(counts.grows)),
            ("refused grows", Some(counts.refused_grows)),
            ("bytes", Some(*bytes)),
            ("peak bytes", Some(*peak_bytes)),
            ("resident bytes", *resident_bytes),
        ];
        for (name, value) in rows {
            match value {
                Some(value) => writeln!(f, "{name:<16}{value:>20}")?,
                None => writeln!(f, "{name:<16}{:>20}", "unknown")?,
            }
        }
        Ok(())
    }
}
