//! What a pool is to be, and what it has done.

use crate::request::ReserveRequest;

/// How the slots of a pool lie in its address space.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum PoolLayout {
    /// Each slot with [full guards](crate::GuardLevel::FullGuards): 8 GiB of addresses a slot, for
    /// compiled code without bounds checks, which asks the memory for its
    /// [guarantees](crate::AccessGuarantees) and demands
    /// [`GuardPolicy::FullGuards`](crate::GuardPolicy::FullGuards). A memory costs a page table and a page directory
    /// besides its own pages, and two of the mappings of which a Linux process may have 65,530.
    FullGuards,
    /// Each slot between two guards of [`PoolConfig::guard`] bytes.
    #[default]
    SmallGuard,
    /// Slots side by side, without guards or rights to change: the bounds checks are all there is.
    /// Memories share page tables, and the whole pool is one mapping however many live in it.
    Dense,
}

/// The shape of a pool. All sizes are bytes.
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
    /// `slots` memories at most at a time, each of at most `slot_bytes` bytes.
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

    /// How the slots lie.
    #[must_use]
    pub const fn layout(self, layout: PoolLayout) -> Self {
        Self { layout, ..self }
    }

    /// Bytes of guard on either side of a slot (by default 64 KiB).
    #[must_use]
    pub const fn guard(self, bytes: u64) -> Self {
        Self { guard: bytes, ..self }
    }

    /// The most bytes of physical memory that one idle slot may keep for its next user (by default
    /// 1 MiB). They are erased in place; keeping them saves the next user page faults.
    #[must_use]
    pub const fn keep_resident(self, bytes: u64) -> Self {
        Self { keep_resident: bytes, ..self }
    }

    /// The most bytes of physical memory that all slots together may keep (by default 256 MiB).
    ///
    /// Pages of an image do not count while somebody has a handle to it, as they are the image's.
    /// When the last handle goes, idle slots give their mappings of it up. Should the host refuse
    /// that, its pages count.
    #[must_use]
    pub const fn resident_budget(self, bytes: u64) -> Self {
        Self { resident_budget: bytes, ..self }
    }

    /// The name the host shows for the pool's mapping, where it can. Names that requests give
    /// their memories are not shown.
    #[must_use]
    pub const fn name(self, name: &'a str) -> Self {
        Self { name: Some(name), ..self }
    }
}

/// What a pool has done so far and how it stands. Counts are since it was made.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct PoolStatistics {
    /// Memories that live now.
    pub live: usize,
    /// Slots that hold no memory and can.
    pub free: usize,
    /// Slots that will never be used again, because their last memory could not be erased or
    /// its image not be taken away.
    pub retired: usize,
    /// Memories made in a slot that had been used before.
    pub reused: u64,
    /// Of those, memories whose slot had the image that they start from.
    pub same_image: u64,
    /// Memories made in a slot that had another image, or one where none was wanted.
    pub image_changes: u64,
    /// Erasures that found nothing written.
    pub untouched: u64,
    /// Erasures in place: written pages were found and overwritten.
    pub in_place: u64,
    /// Erasures that gave all pages back to the host.
    pub dropped: u64,
    /// Bytes of physical memory that idle slots keep, at most: pages that were erased in place, and
    /// those of images that nobody has, as far as the host would not take them away.
    pub kept_bytes: u64,
}
