//! Commit: contents of new bytes, contents of old bytes, state after a refusal.

use wrt_platform::{
    Capabilities, CommitPolicy, Committed, HostRange, PageAllocator, Protection, Region,
    ReserveRequest,
};

use super::{Outcome, POISON, ROOM, expect_bytes, expect_rights, page_range, pages, request};
use crate::child::ChildTest;
use crate::contract::RawMemory;
use crate::guarantee::ensure;
use crate::mappings::Mappings;

/// Sizes in pages that a memory grows through; small and large steps, and none at all.
const STEPS: [u64; 8] = [1, 2, 2, 3, 8, 9, 32, 64];

pub(crate) fn accessible<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let mut memory = RawMemory::reserve(allocator, &request(allocator, 0, 64))?;
    for step in STEPS {
        memory.commit(pages(allocator, step))?;
        let all = page_range(allocator, 0, step);
        expect_rights("what is committed", &memory, all, Protection::READ_WRITE)?;
    }
    // The host is not asked everywhere, but it always answers.
    memory.bytes_mut().fill(POISON);
    expect_bytes("bytes that were written", memory.bytes(), POISON)?;
    // What a memory leaves behind is a matter of its own.
    memory.bytes_mut().fill(0);
    Ok(())
}

pub(crate) fn fresh_zero<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let mut memory = RawMemory::reserve(allocator, &request(allocator, 0, 64))?;
    for step in STEPS {
        let old = memory.committed().get();
        memory.commit(pages(allocator, step))?;
        expect_bytes("new bytes", &memory.bytes()[old..], 0)?;
        memory.bytes_mut().fill(POISON);
    }
    Ok(())
}

pub(crate) fn old_bytes<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    // Blocks in the way of a heap: a memory that moves ends up somewhere else in its page.
    let mut in_the_way = Vec::new();
    for round in 0..16 {
        let mut memory = RawMemory::reserve(allocator, &request(allocator, 0, 64))?;
        for step in STEPS {
            let before = memory.bytes().to_vec();
            in_the_way.push(vec![POISON; 48 * (round + 1)]);
            memory.commit(pages(allocator, step))?;
            let kept = memory.bytes().get(..before.len());
            ensure!(kept == Some(&before), "a growth to {step} pages changed old bytes");
            fill_with_addresses(memory.bytes_mut());
        }
    }
    Ok(())
}

/// Fills every eight bytes with a distinct value, so that misplaced bytes are detected.
pub(super) fn fill_with_addresses(bytes: &mut [u8]) {
    let (words, _) = bytes.as_chunks_mut::<8>();
    for (index, word) in words.iter_mut().enumerate() {
        *word = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
    }
}

pub(crate) fn stable_base<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let stable = allocator.capabilities().contains(Capabilities::STABLE_BASE);
    let mut memory = RawMemory::reserve(allocator, &request(allocator, 1, 64))?;
    for step in STEPS {
        let base = memory.reservation().base();
        if let Committed::Moved(to) = memory.commit(pages(allocator, step))? {
            ensure!(!stable, "a growth to {step} pages moved it from {base:?} to {to:?}");
        }
    }
    Ok(())
}

pub(crate) fn atomic<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let maximum = more_than_there_is(allocator);
    let request = ReserveRequest::new(pages(allocator, 2).as_u64(), maximum).reservation(maximum);
    let mut memory = RawMemory::reserve(allocator, &request)?;
    memory.commit(pages(allocator, 2))?;
    memory.bytes_mut().fill(POISON);
    let (base, capacity) = (memory.reservation().base(), memory.reservation().capacity());
    let old = memory.committed();
    let rest = HostRange { start: old, len: capacity.saturating_sub(old) };
    let closed = Mappings::of_process()
        .is_some_and(|mappings| mappings.have(&memory.addresses(rest), Protection::empty()));
    // A host that has so much is not at fault.
    if memory.commit(capacity).is_err() {
        expect_bytes("bytes after the refusal", memory.bytes(), POISON)?;
        ensure!(memory.reservation().base() == base, "a refused growth moved it");
        if closed {
            expect_rights("what a refusal has left", &memory, rest, Protection::empty())?;
        }
        // What can be had still can.
        memory.commit(pages(allocator, 4).min(capacity))?;
        expect_bytes("old bytes", &memory.bytes()[..old.get()], POISON)?;
        expect_bytes("bytes committed after a refusal", &memory.bytes()[old.get()..], 0)?;
    }
    drop(memory);
    for policy in [CommitPolicy::Exact, CommitPolicy::Ahead] {
        atomic_in_a_region(allocator, policy)?;
    }
    Ok(())
}

/// A size that few hosts give to one memory. It is smaller where untouched bytes have a cost: a
/// backend with tags writes a tag for every granule, an emulator keeps a record of each page, and
/// Windows charges committed bytes to a limit that all programs share.
fn more_than_there_is<A: PageAllocator + ?Sized>(allocator: &A) -> u64 {
    if allocator.capabilities().contains(Capabilities::TAGGED) {
        pages(allocator, 128).as_u64()
    } else if ChildTest::space_is_dear() || cfg!(windows) {
        ROOM
    } else if usize::BITS < 64 {
        512 << 20
    } else {
        64 << 30
    }
}

/// Growth in a region to lengths that are not whole pages, with refusals.
fn atomic_in_a_region<A: PageAllocator + ?Sized>(allocator: &A, policy: CommitPolicy) -> Outcome {
    let page = allocator.page().bytes() as u64;
    let mut region = Region::new(allocator, &request(allocator, 3, 5).commit(policy))?;
    region.data_mut()?.fill(POISON);
    region.grow_to(3 * page + 1)?;
    let before = (region.view(), region.data()?.to_vec());
    for refused in [5 * page + 1, 1 << 40, u64::MAX - page, u64::MAX, 0] {
        let outcome = region.grow_to(refused);
        ensure!(outcome.is_err(), "{refused} bytes of at most {} were given", 5 * page);
        let now = (region.view(), region.data()?);
        ensure!(now == (before.0, &before.1), "a refused growth to {refused} changed it");
    }
    region.grow_to(5 * page)?;
    expect_bytes("bytes after refusals", &region.data()?[3 * page as usize..], 0)
}
