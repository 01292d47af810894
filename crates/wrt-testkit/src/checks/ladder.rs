//! The reservation ladder: whether guards have the size and level reported, and whether they are
//! mapped.

use core::num::NonZeroU64;

use wrt_platform::{
    AllocErrorKind, Capabilities, CommitPolicy, GuardLevel, GuardPolicy, HostBytes, HostRange,
    PageAllocator, Protection, Reservation, ReserveRequest,
};

use super::{Outcome, expect_rights, pages, request};
use crate::child::ChildTest;
use crate::contract::{RawMemory, address_of};
use crate::guarantee::ensure;
use crate::mappings::Mappings;

const POLICIES: [GuardPolicy; 4] = [
    GuardPolicy::BestThatFits,
    GuardPolicy::FullGuards,
    GuardPolicy::SmallGuard,
    GuardPolicy::ChecksOnly,
];

/// Requests with every policy, and with guards from less than a page to many pages.
fn requests<A: PageAllocator + ?Sized>(allocator: &A) -> Vec<ReserveRequest<'static>> {
    let guards = [1, 64 << 10, 1 << 20];
    let with = |policy| guards.map(|bytes| request(allocator, 1, 2).guard(bytes).guards(policy));
    POLICIES.into_iter().flat_map(with).collect()
}

/// The guards on either side, and the reach of the memory including the guard behind it.
fn extent(reservation: &Reservation) -> (HostBytes, HostBytes, u64) {
    let (before, after) = (reservation.guard_before(), reservation.guard_after());
    (before, after, reservation.capacity().as_u64() + after.as_u64())
}

pub(crate) fn guards<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let claimed = allocator.capabilities().contains(Capabilities::GUARDS);
    let page = allocator.page();
    for request in requests(allocator) {
        let Ok(memory) = RawMemory::reserve(allocator, &request) else { continue };
        let (before, after, reach) = extent(memory.reservation());
        let enough = page.round_up(request.guard_bytes()).unwrap_or_default();
        let level = memory.reservation().guard_level();
        ensure!(claimed || level == GuardLevel::ChecksOnly, "{level:?} without the capability");
        if level == GuardLevel::ChecksOnly {
            continue;
        }
        // A backend with guards of its own size says so, unless none were wanted, and there is at
        // least something.
        let unwanted = request.guard_policy() == GuardPolicy::ChecksOnly;
        let told = memory.reservation().fallback().is_some() && !request.demands_guards();
        let fewer = unwanted || told;
        let enough = if fewer { page.round_up(1).unwrap_or_default() } else { enough };
        ensure!(before >= enough, "{level:?}: {before} before the base, {enough} are needed");
        ensure!(after >= enough, "{level:?}: {after} past the capacity, {enough} are needed");
        let needed = if level == GuardLevel::FullGuards { ReserveRequest::REACH_33_BIT } else { 0 };
        ensure!(reach >= needed, "{level:?}: {reach} bytes are the memory's own, {needed} needed");
    }
    Ok(())
}

pub(crate) fn demands<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let able = allocator.capabilities().contains(Capabilities::GUARDS);
    for request in requests(allocator) {
        let policy = request.guard_policy();
        let least = match policy {
            GuardPolicy::FullGuards => GuardLevel::FullGuards,
            GuardPolicy::SmallGuard => GuardLevel::SmallGuard,
            _ => GuardLevel::ChecksOnly,
        };
        match RawMemory::reserve(allocator, &request) {
            Ok(memory) => {
                let level = memory.reservation().guard_level();
                ensure!(level <= least, "{policy:?} was demanded and {level:?} given");
            }
            Err(error) => {
                ensure!(request.demands_guards(), "{policy:?} demands nothing, but: {error}");
                let one_page = policy == GuardPolicy::SmallGuard && request.guard_bytes() == 1;
                let needless = able && one_page;
                ensure!(!needless, "there are guards, but not a page when it is demanded: {error}");
                let honest = able
                    || matches!(
                        error.kind,
                        AllocErrorKind::Unsupported | AllocErrorKind::Unmet { .. }
                    );
                ensure!(honest, "the answer should be that it cannot, not: {error}");
            }
        }
    }
    // Guards past 4 GiB cannot be full, whoever demands it.
    let wide = ReserveRequest::new(0, 1 << 33).guards(GuardPolicy::FullGuards);
    ensure!(RawMemory::reserve(allocator, &wide).is_err(), "full guards of a memory of 8 GiB");
    Ok(())
}

pub(crate) fn fallback<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let page = allocator.page().bytes() as u64;
    // More than any host has, and as much as it gives.
    let huge = ReserveRequest::new(page, 1 << 62).reservation(1 << 62);
    let huge = [huge, huge.guard(0), huge.guard(u64::MAX)];
    let huge = huge.into_iter().filter(|_| !ChildTest::space_is_dear());
    let beyond = [ReserveRequest::new(page, page).reservation(page).guard(u64::MAX)];
    for request in requests(allocator).into_iter().chain(beyond).chain(huge) {
        let Ok(memory) = RawMemory::reserve(allocator, &request) else { continue };
        let reservation = memory.reservation();
        let (level, policy) = (reservation.guard_level(), request.guard_policy());
        let fewer_bytes = reservation.capacity().as_u64() < request.wanted_capacity();
        let guards_wanted = request.guard_bytes() > 0 && policy != GuardPolicy::ChecksOnly;
        let room = request.reservation_bytes() >= ReserveRequest::REACH_33_BIT;
        let full_wanted = guards_wanted && room && policy == GuardPolicy::BestThatFits;
        let smaller = reservation.guard_before().as_u64() < request.guard_bytes();
        let lower = guards_wanted && smaller
            || full_wanted && level == GuardLevel::SmallGuard && usize::BITS >= 64;
        let reason = reservation.fallback();
        if fewer_bytes || lower {
            ensure!(reason.is_some(), "{level:?}, {}: no reason", reservation.capacity());
        } else {
            let needless = reason.is_some() && !is_small_host(level, policy);
            ensure!(!needless, "{level:?} under {policy:?} is all that was wanted: {reason:?}");
        }
    }
    Ok(())
}

/// Whether the level is lower than the policy because the host has too few addresses.
const fn is_small_host(level: GuardLevel, policy: GuardPolicy) -> bool {
    usize::BITS < 64
        && matches!((level, policy), (GuardLevel::SmallGuard, GuardPolicy::BestThatFits))
}

pub(crate) fn closed<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    for request in requests(allocator) {
        // What is initial may be there from the start.
        let request = request.sizes(0, request.maximum());
        let Ok(mut memory) = RawMemory::reserve(allocator, &request) else { continue };
        around(&memory)?;
        for step in [1, 2] {
            memory.commit(pages(allocator, step))?;
            around(&memory)?;
        }
        let left = memory.reset(pages(allocator, 1))?;
        ensure!(left <= pages(allocator, 2), "{left} are left of two pages");
        around(&memory)?;
    }
    Ok(())
}

pub(crate) fn exact_faults<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let page = allocator.page();
    let one_page = NonZeroU64::new(page.bytes() as u64).unwrap_or(NonZeroU64::MIN);
    for policy in POLICIES {
        let request = request(allocator, 0, 4).guards(policy);
        let exact = request.commit(CommitPolicy::Exact);
        faults_as_claimed(allocator, &exact)?;
        faults_as_claimed(allocator, &exact.unit(one_page))?;
        faults_as_claimed(allocator, &request.commit(CommitPolicy::Ahead).unit(one_page))?;
    }
    Ok(())
}

/// Checks that uncommitted bytes fault where the reservation guarantees it, since compiled code
/// then has no other check.
fn faults_as_claimed<A: PageAllocator + ?Sized>(
    allocator: &A,
    request: &ReserveRequest<'_>,
) -> Outcome {
    let Ok(mut memory) = RawMemory::reserve(allocator, request) else { return Ok(()) };
    if !memory.reservation().faults_exactly() {
        return Ok(());
    }
    let wanted = request.wants_exact_faults(allocator.page());
    ensure!(wanted, "exact faults are claimed where nobody asked for them");
    for step in [1, 4] {
        memory.commit(pages(allocator, step))?;
        expect_closed(&memory)?;
    }
    for keep in [1, 0] {
        let keep = pages(allocator, keep);
        let left = memory.reset(keep)?;
        ensure!(left == keep, "a reset that should keep {keep} has kept {left}");
        expect_closed(&memory)?;
    }
    Ok(())
}

/// Asks the host about all bytes of a memory that are guards or not committed. An unmapped guard
/// belongs to no one: a later mapping there would be within reach of the memory.
pub(super) fn around<A: PageAllocator + ?Sized>(memory: &RawMemory<'_, A>) -> Outcome {
    if memory.reservation().guard_level() == GuardLevel::ChecksOnly {
        Ok(())
    } else {
        expect_closed(memory)
    }
}

fn expect_closed<A: PageAllocator + ?Sized>(memory: &RawMemory<'_, A>) -> Outcome {
    let reservation = memory.reservation();
    let (committed, capacity) = (memory.committed(), reservation.capacity());
    let none = Protection::empty();
    let rest = HostRange { start: committed, len: capacity.saturating_sub(committed) };
    expect_rights("what is not committed", memory, rest, none)?;
    let Some(mappings) = Mappings::of_process() else { return Ok(()) };
    let base = address_of(reservation.base());
    let (before, after, _) = extent(reservation);
    let front = base.saturating_sub(before.get())..base;
    ensure!(mappings.have(&front, none), "the guard before the base at {front:#x?} is open");
    let end = base.saturating_add(capacity.get());
    let back = end..end.saturating_add(after.get());
    ensure!(mappings.have(&back, none), "the guard past the capacity at {back:#x?} is open");
    Ok(())
}
