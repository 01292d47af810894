//! Configuration and statistics of pools.

use crate::request::ReserveRequest;

/// Layout of the slots in a pool's address space.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum PoolLayout {
    /// Each slot with [full guards](crate::GuardLevel::FullGuards): 8 GiB of addresses a slot, for
    /// compiled code without bounds checks, which asks the memory for its
    /// [guarantees](crate::AccessGuarantees) and demands
    /// [`GuardPolicy::FullGuards`](crate::GuardPolicy::FullGuards). Besides its own pages, a memory
    /// costs a page table, a page directory, and two of the 65,530 mappings that a Linux process
    /// may have.
    FullGuards,
    /// Each slot between two guards of [`PoolConfig::guard`] bytes.
    #[default]
    SmallGuard,
    /// Slots side by side, without guards or protection: only bounds checks separate memories. They
    /// share page tables, and the whole pool is one mapping.
    Dense,
}

/// Configuration of a pool. All sizes are bytes.
///
/// ```
/// use wrt_platform::{PoolConfig, PoolLayout};
///
/// let config = PoolConfig::new(1000, 16 << 20).layout(PoolLayout::Dense).name("tenants");
/// # let _ = config;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PoolConfig<'a> {
    pub(super) slots: usize,
    pub(super) slot_bytes: u64,
    pub(super) layout: PoolLayout,
    pub(super) guard: u64,
    pub(super) keep_resident: u64,
    pub(super) resident_budget: u64,
    pub(super) name: Option<&'a str>,
}

impl<'a> PoolConfig<'a> {
    /// A pool for at most `slots` memories at a time, each of at most `slot_bytes` bytes.
    #[must_use]
    pub const fn new(slots: usize, slot_bytes: u64) -> Self {
        Self {
            slots,
            slot_bytes,
            layout: PoolLayout::SmallGuard,
            guard: ReserveRequest::DEFAULT_GUARD,
            keep_resident: 1 << 20,
            resident_budget: 256 << 20,
            name: None,
        }
    }

    /// Sets the layout of the slots.
    #[must_use]
    pub const fn layout(self, layout: PoolLayout) -> Self {
        Self { layout, ..self }
    }

    /// Sets the bytes of guard on either side of a slot (by default 64 KiB).
    #[must_use]
    pub const fn guard(self, bytes: u64) -> Self {
        Self { guard: bytes, ..self }
    }

    /// Sets the most bytes of physical memory that one idle slot may keep for its next memory (by
    /// default 1 MiB). They are erased in place, which saves the next memory page faults.
    #[must_use]
    pub const fn keep_resident(self, bytes: u64) -> Self {
        Self { keep_resident: bytes, ..self }
    }

    /// Sets the most bytes of physical memory that all slots together may keep (by default 256
    /// MiB).
    ///
    /// Pages of an image do not count while it has a handle, since they belong to the image. When
    /// the last handle is dropped, idle slots unmap the image. If the host refuses that, its pages
    /// count.
    #[must_use]
    pub const fn resident_budget(self, bytes: u64) -> Self {
        Self { resident_budget: bytes, ..self }
    }

    /// Sets the name of the pool's mapping, which the host shows where it can. Names of single
    /// memories are not shown.
    #[must_use]
    pub const fn name(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }
}

/// Statistics of a pool. Counts start at its creation.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct PoolStatistics {
    /// Live memories.
    pub live: usize,
    /// Free slots.
    pub free: usize,
    /// Slots that will never be used again, because their last memory could not be erased or its
    /// image could not be unmapped.
    pub retired: usize,
    /// Memories created in a slot that had been used before.
    pub reused: u64,
    /// Of those, memories whose slot already had their image.
    pub same_image: u64,
    /// Memories created in a slot with another image, or with one where none was requested.
    pub image_changes: u64,
    /// Erasures that found nothing written.
    pub untouched: u64,
    /// Erasures in place: written pages were found and overwritten.
    pub in_place: u64,
    /// Erasures that returned all pages to the host.
    pub dropped: u64,
    /// An upper bound on the bytes of physical memory that idle slots keep: pages erased in place,
    /// and pages of images without a handle that the host refused to unmap.
    pub kept_bytes: u64,
}
