//! Unusual requests: no bytes, impossible sizes, and optional features.

use wrt_platform::{
    CommitPolicy, GuardLevel, GuardPolicy, HostBytes, PageAllocator, Protection, Region,
    ReserveRequest,
};

use super::{Outcome, POISON, expect_bytes, expect_rights, page_range, pages, request, usual_room};
use crate::contract::RawMemory;
use crate::guarantee::ensure;

pub(crate) fn zero_sizes<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let page = allocator.page().bytes() as u64;
    for maximum in [0, 1, page, 3 * page] {
        let room = usual_room(maximum == 0);
        for (guard, reservation) in [(ReserveRequest::DEFAULT_GUARD, room), (0, 0)] {
            for policy in [CommitPolicy::Exact, CommitPolicy::Ahead] {
                let request = ReserveRequest::new(0, maximum).guard(guard).commit(policy);
                empty_memory(allocator, &request.reservation(reservation))?;
            }
        }
    }
    Ok(())
}

/// Checks that a memory of no bytes can be read, reset and grown up to its maximum.
fn empty_memory<A: PageAllocator + ?Sized>(allocator: &A, request: &ReserveRequest<'_>) -> Outcome {
    let mut region = Region::new(allocator, request)?;
    ensure!(region.is_empty() && region.data()?.is_empty(), "it has {} bytes", region.len());
    ensure!(region.load::<1>(0).is_err(), "it has a byte at 0");
    ensure!(region.slice(0, 0).is_ok() && region.slice(1, 0).is_err(), "its end is not 0");
    region.discard(0, 0)?;
    region.reset()?;
    region.grow_to(0)?;
    region.verify()?;
    let most = region.capacity();
    region.grow_to(most)?;
    expect_bytes("an empty memory that grew", region.data()?, 0)?;
    region.data_mut()?.fill(POISON);
    ensure!(region.grow_to(request.maximum() + 1).is_err(), "it outgrew its maximum");
    region.reset()?;
    ensure!(region.is_empty(), "it has {} bytes after a reset", region.len());
    region.verify()?;
    let mut raw = RawMemory::reserve(allocator, request)?;
    raw.commit(HostBytes::ZERO)?;
    raw.reset(HostBytes::ZERO)?;
    raw.verify()?;
    Ok(())
}

/// Sizes that no host has, up to `u64::MAX`.
const IMPOSSIBLE: [u64; 6] =
    [1 << 57, 1 << 62, i64::MAX as u64, 1 << 63, u64::MAX - 4095, u64::MAX];

pub(crate) fn impossible_sizes<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    for bytes in IMPOSSIBLE {
        let refused = Region::new(allocator, &ReserveRequest::new(bytes, u64::MAX));
        let Err(error) = refused else {
            ensure!(false, "a memory of {bytes} bytes was made");
            continue;
        };
        ensure!(error.requested == bytes, "{bytes} bytes were asked for, not: {error}");
        let raw = RawMemory::reserve(allocator, &ReserveRequest::new(bytes, bytes));
        if let (Ok(mut memory), Some(rounded)) = (raw, allocator.page().round_up(bytes)) {
            ensure!(memory.commit(rounded).is_err(), "{bytes} bytes were committed");
        }
        impossible_maximum(allocator, bytes)?;
        impossible_guard(allocator, bytes)?;
    }
    let backwards = Region::new(allocator, &request(allocator, 2, 1));
    ensure!(backwards.is_err(), "a maximum below the minimum was accepted");
    Ok(())
}

/// Checks that an impossible guard is omitted with a reason, unless a guard is demanded.
fn impossible_guard<A: PageAllocator + ?Sized>(allocator: &A, bytes: u64) -> Outcome {
    let request = request(allocator, 1, 2).guard(bytes);
    let region = Region::new(allocator, &request)?;
    let fallback = region.reservation().fallback();
    ensure!(fallback.is_some(), "no reason is given for the lack of a guard");
    let demanded = Region::new(allocator, &request.guards(GuardPolicy::SmallGuard));
    ensure!(demanded.is_err(), "a guard of {bytes} bytes was demanded and given");
    Ok(())
}

/// Checks that an impossible maximum is a limit and not a reservation.
fn impossible_maximum<A: PageAllocator + ?Sized>(allocator: &A, bytes: u64) -> Outcome {
    let page = allocator.page().bytes() as u64;
    let room = usual_room(IMPOSSIBLE.first() == Some(&bytes));
    let request = ReserveRequest::new(page, bytes).reservation(room);
    let mut region = Region::new(allocator, &request)?;
    region.data_mut()?.fill(POISON);
    for size in [bytes, 1 << 56, region.capacity().saturating_add(1)] {
        ensure!(region.grow_to(size).is_err(), "it grew to {size} bytes");
    }
    expect_bytes("bytes after refusals", region.data()?, POISON)?;
    ensure!(region.len() as u64 == page, "it has {} bytes, not {page}", region.len());
    Ok(())
}

pub(crate) fn name<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let long = "n".repeat(5000);
    let names = ["", "heap", "two words", "[a\\b$`]", "\u{0}\n\t\u{7f}", "Gedächtnis", &long];
    for name in names {
        let mut memory = RawMemory::reserve(allocator, &request(allocator, 2, 4).name(name))?;
        memory.commit(pages(allocator, 2))?;
        expect_bytes("a named memory", memory.bytes(), 0)?;
        if memory.reservation().guard_level() != GuardLevel::ChecksOnly {
            let rest = page_range(allocator, 2, 2);
            expect_rights("what is not committed", &memory, rest, Protection::empty())?;
        }
        memory.bytes_mut().fill(POISON);
        memory.commit(pages(allocator, 4))?;
    }
    Ok(())
}

pub(crate) fn verify<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let mut region = Region::new(allocator, &request(allocator, 1, 16).name("verified"))?;
    region.verify()?;
    for step in [1, 2, 7, 16] {
        region.grow_to(pages(allocator, step).as_u64())?;
        region.data_mut()?.fill(POISON);
        region.verify()?;
        // Not every backend discards; this one's verdict must not depend on it.
        let _ = region.discard(0, pages(allocator, 1).as_u64());
        region.verify()?;
    }
    let neighbour = Region::new(allocator, &request(allocator, 1, 16))?;
    region.verify()?;
    neighbour.verify()?;
    drop(neighbour);
    let page = allocator.page().bytes() as u64;
    for (start, rights) in [(1, Protection::empty()), (5, Protection::READ)] {
        region.protect(start * page + 7, 3 * page, rights)?;
        region.verify()?;
    }
    region.reset()?;
    Ok(region.verify()?)
}
