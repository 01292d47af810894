//! Discard, reset, and reuse after release.

use wrt_platform::{Capabilities, Discarded, HostRange, PageAllocator, Region};

use super::{Outcome, POISON, expect_bytes, pages, poisoned, request};
use crate::child::ChildTest;
use crate::contract::RawMemory;
use crate::guarantee::ensure;

pub(crate) fn discard<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let mut memory = poisoned(allocator, 4, 8)?;
    let range = HostRange { start: pages(allocator, 1), len: pages(allocator, 2) };
    let inside = range.start.get()..range.start.get() + range.len.get();
    let expected = if memory.discard(range).is_ok() { 0 } else { POISON };
    expect_bytes("the discarded range", &memory.bytes()[inside.clone()], expected)?;
    expect_bytes("the bytes before it", &memory.bytes()[..inside.start], POISON)?;
    expect_bytes("the bytes past it", &memory.bytes()[inside.end..], POISON)?;
    memory.bytes_mut().fill(POISON);
    expect_bytes("the range written again", memory.bytes(), POISON)?;
    discard_in_a_region(allocator)
}

/// Discard in a region of ranges that are not whole pages.
fn discard_in_a_region<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let page = allocator.page().bytes();
    let mut region = Region::new(allocator, &request(allocator, 4, 8))?;
    for (start, end) in [(0, 0), (5, 9), (100, 3 * page + 7), (page, 2 * page), (0, 4 * page)] {
        region.data_mut()?.fill(POISON);
        if region.discard(start as u64, (end - start) as u64).is_ok() {
            expect_bytes("a discarded range", &region.data()?[start..end], 0)?;
            expect_bytes("the bytes before it", &region.data()?[..start], POISON)?;
            expect_bytes("the bytes past it", &region.data()?[end..], POISON)?;
        }
    }
    let outside = region.discard(4 * page as u64 - 1, 2);
    ensure!(outside.is_err(), "a range past the end was discarded");
    Ok(())
}

pub(crate) fn reset<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    for keep in [0, 1, 3, 4] {
        let mut memory = poisoned(allocator, 4, 8)?;
        let (all, keep) = (pages(allocator, 4), pages(allocator, keep));
        let left = memory.reset(keep)?;
        ensure!(keep <= left && left <= all, "{left} of {all} are left, {keep} were to be kept");
        expect_bytes("what is left", memory.bytes(), 0)?;
        memory.bytes_mut().fill(POISON);
        memory.commit(pages(allocator, 8))?;
        expect_bytes("bytes committed again", &memory.bytes()[left.get()..], 0)?;
    }
    let mut region = Region::new(allocator, &request(allocator, 2, 64))?;
    for step in [2, 3, 64] {
        region.grow_to(pages(allocator, step).as_u64())?;
        expect_bytes("a memory grown after its reset", region.data()?, 0)?;
        region.data_mut()?.fill(POISON);
        region.reset()?;
        let (len, initial) = (region.len(), pages(allocator, 2).get());
        ensure!(len == initial, "a reset memory has {len} bytes, {initial} at first");
        expect_bytes("a reset memory", region.data()?, 0)?;
    }
    Ok(())
}

pub(crate) fn reuse_zero<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    // One memory's shape need not be the next one's.
    let shapes = [(64, 64), (1, 64), (64, 64), (32, 33), (1, 1), (64, 64)];
    for (initial, maximum) in shapes {
        let mut region = Region::new(allocator, &request(allocator, initial, maximum))?;
        region.grow_to(pages(allocator, maximum).as_u64())?;
        expect_bytes("a new memory", region.data()?, 0)?;
        region.data_mut()?.fill(POISON);
    }
    Ok(())
}

pub(crate) fn resident<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let mut memory = RawMemory::reserve(allocator, &request(allocator, 0, 64))?;
    let mut written = 0;
    for step in [0, 1, 16, 64] {
        memory.commit(pages(allocator, step))?;
        let committed = memory.committed().as_u64();
        let Some(bytes) = memory.resident() else { return Ok(()) };
        ensure!(bytes <= committed, "{bytes} of {committed} bytes are said to be resident");
        // An emulator's pages are not where the program thinks they are.
        ensure!(bytes >= written || ChildTest::is_emulated(), "{bytes} of {written} written ones");
        memory.bytes_mut().fill(POISON);
        written = committed;
    }
    Ok(())
}

pub(crate) fn released<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let able = allocator.capabilities().contains(Capabilities::DISCARD);
    let mut memory = poisoned(allocator, 64, 64)?;
    let given_back = pages(allocator, 48);
    let outcome = memory.discard(HostRange { start: pages(allocator, 8), len: given_back });
    let Ok(outcome) = outcome else { return Ok(()) };
    let said = outcome == Discarded::Released;
    ensure!(said == able, "the capability is {able}, the answer {outcome:?}");
    if let Some(bytes) = memory.resident().filter(|_| said && !ChildTest::is_emulated()) {
        let most = memory.committed().saturating_sub(given_back).as_u64();
        ensure!(bytes <= most, "{bytes} bytes are resident, of which {most} were not given back");
    }
    Ok(())
}
