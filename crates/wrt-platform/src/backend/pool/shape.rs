//! Geometry of a pool's slots, and validation of requests against it.

use super::config::{PoolConfig, PoolLayout};
use crate::backend::ladder::Extent;
use crate::commit::CommitPolicy;
use crate::error::{AllocError, AllocErrorKind, Operation};
use crate::request::{GuardPolicy, ReserveRequest};
use crate::reservation::{Fallback, FallbackReason, GuardLevel};
use crate::units::{HostBytes, HostPage};

/// Sizes in whole pages, computed from the pool's configuration.
pub(super) struct Shape {
    pub(super) layout: PoolLayout,
    pub(super) page: HostPage,
    /// Extent of one slot.
    pub(super) slot: Extent,
    /// Bytes from one slot's base to the next one's.
    pub(super) stride: usize,
    /// Extent of all slots; its first guard is that of the first slot.
    pub(super) all: Extent,
}

impl Shape {
    /// # Errors
    ///
    /// When the host cannot address the sizes.
    pub(super) fn new(config: &PoolConfig<'_>, page: HostPage) -> Result<Self, AllocError> {
        let too_large = |bytes| {
            let error = AllocError::new(Operation::Reserve, AllocErrorKind::AddressSpace, bytes);
            error.possible(page.round_down(u64::MAX).as_u64())
        };
        let slot = slot_extent(config, page).ok_or_else(|| too_large(config.slot_bytes))?;
        let stride = slot.total().ok_or_else(|| too_large(config.slot_bytes))?.get();
        let bytes = (stride as u64).saturating_mul(config.slots as u64);
        let total = page.round_up(bytes).ok_or_else(|| too_large(bytes))?;
        let (before, after) = (slot.before, HostBytes::ZERO);
        let all = Extent { before, capacity: total.saturating_sub(before), after };
        Ok(Self { layout: config.layout, page, slot, stride, all })
    }

    pub(super) fn is_dense(&self) -> bool {
        self.layout == PoolLayout::Dense
    }

    /// Whether every uncommitted byte of a memory must fault.
    pub(super) fn faults_exactly(&self, request: &ReserveRequest<'_>) -> bool {
        !self.is_dense() && request.wants_exact_faults(self.page)
    }

    /// Whether the guards of a slot are at least as large as requested.
    fn guards_suffice(&self, request: &ReserveRequest<'_>) -> bool {
        let Extent { before, after, .. } = self.slot;
        before.min(after).as_u64() >= request.guard_bytes()
    }

    /// Refuses requests that no slot of this pool can fulfil.
    pub(super) fn check(&self, request: &ReserveRequest<'_>) -> Result<(), AllocError> {
        let covered = match request.guard_policy() {
            GuardPolicy::FullGuards => {
                self.layout == PoolLayout::FullGuards && request.maximum() <= 1 << 32
            }
            GuardPolicy::SmallGuard => self.guards_suffice(request),
            GuardPolicy::BestThatFits | GuardPolicy::ChecksOnly => true,
        };
        if !covered {
            request.refuse_guards(match self.layout {
                PoolLayout::FullGuards => "the pool's full guards cover memories of at most 4 GiB",
                PoolLayout::SmallGuard => "the pool's guards are smaller",
                PoolLayout::Dense => "a dense pool has no guards",
            })?;
        }
        request.refuse_tags("a pool has no memory tags")?;
        let capacity = self.slot.capacity.as_u64();
        if request.initial() > capacity {
            let kind = AllocErrorKind::SlotSize;
            let error = AllocError::new(Operation::Reserve, kind, request.initial());
            return Err(error.possible(capacity));
        }
        Ok(())
    }

    /// The level of every slot.
    pub(super) const fn guard_level(&self) -> GuardLevel {
        match self.layout {
            PoolLayout::FullGuards => GuardLevel::FullGuards,
            PoolLayout::SmallGuard => GuardLevel::SmallGuard,
            PoolLayout::Dense => GuardLevel::ChecksOnly,
        }
    }

    pub(super) fn fallback(&self, request: &ReserveRequest<'_>) -> Option<Fallback> {
        let capacity = self.slot.capacity.as_u64();
        if request.wanted_capacity() > capacity {
            let reason = FallbackReason::NoRoom;
            return Some(Fallback { wanted: request.wanted_capacity(), reason });
        }
        if self.is_dense() {
            return request.without_guards();
        }
        let guards = request.guard_bytes().saturating_mul(2);
        let wanted = if self.full_guards_are_missing(request) {
            guards.saturating_add(ReserveRequest::REACH_33_BIT)
        } else if self.guards_suffice(request) || request.guard_policy() == GuardPolicy::ChecksOnly
        {
            return None;
        } else {
            guards.saturating_add(capacity)
        };
        Some(Fallback { wanted, reason: FallbackReason::NoRoom })
    }

    /// Whether a separate reservation for the request would start at full guards.
    fn full_guards_are_missing(&self, request: &ReserveRequest<'_>) -> bool {
        let best = request.guard_policy() == GuardPolicy::BestThatFits && usize::BITS >= 64;
        let room = request.reservation_bytes() >= ReserveRequest::REACH_33_BIT;
        let exact = request.commit_policy() == CommitPolicy::Exact;
        let wanted = best && room && exact && request.guard_bytes() > 0;
        wanted && self.layout == PoolLayout::SmallGuard
    }
}

/// Extent of one slot.
fn slot_extent(config: &PoolConfig<'_>, page: HostPage) -> Option<Extent> {
    let capacity = page.round_up(config.slot_bytes.max(1))?;
    let guard = page.round_up(config.guard)?;
    let one = page.round_up(1)?;
    match config.layout {
        PoolLayout::Dense => {
            Some(Extent { before: HostBytes::ZERO, capacity, after: HostBytes::ZERO })
        }
        PoolLayout::SmallGuard => {
            let guard = guard.max(one);
            Some(Extent { before: guard, capacity, after: guard })
        }
        PoolLayout::FullGuards => {
            let reach = page.round_up(ReserveRequest::REACH_33_BIT)?;
            let guard = guard.max(one);
            let fits = usize::BITS >= 64 && capacity.as_u64() <= 1 << 32;
            let after = reach.saturating_sub(capacity).max(guard);
            fits.then_some(Extent { before: guard, capacity, after })
        }
    }
}
