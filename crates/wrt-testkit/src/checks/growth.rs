//! Commit: what new bytes read, what old ones keep, what a refusal leaves.

use wrt_platform::{
    AllocErrorKind, Capabilities, CommitPolicy, Committed, PageAllocator, Region, ReserveRequest,
};

use super::{Outcome, POISON, expect_bytes, pages, poisoned, request};
use crate::contract::RawMemory;
use crate::faulty::FaultyAllocator;
use crate::promise::ensure;

/// Sizes in pages that a memory grows through; small and large steps, and none at all.
const STEPS: [u64; 8] = [1, 2, 2, 3, 8, 9, 32, 64];

pub(crate) fn fresh_zero<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    // Dirty whatever the next memory may be made of.
    drop(poisoned(allocator, 64, 64)?);
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

/// Gives every eight bytes their own value, so that nothing can be elsewhere and seem right.
fn fill_with_addresses(bytes: &mut [u8]) {
    let (words, _) = bytes.as_chunks_mut::<8>();
    for (index, word) in words.iter_mut().enumerate() {
        *word = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
    }
}

pub(crate) fn stable_base<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let stable = allocator.capabilities().contains(Capabilities::STABLE_BASE);
    let mut memory = RawMemory::reserve(allocator, &request(allocator, 1, 64))?;
    let mut base = memory.reservation().base();
    for step in STEPS {
        match memory.commit(pages(allocator, step))? {
            Committed::Moved(to) => {
                ensure!(!stable, "a growth to {step} pages moved it from {base:?} to {to:?}");
                base = to;
            }
            Committed::InPlace => {
                let now = memory.reservation().base();
                ensure!(now == base, "it moved from {base:?} to {now:?} and nobody said so");
            }
        }
    }
    Ok(())
}

pub(crate) fn capacity<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let mut memory = poisoned(allocator, 2, 4)?;
    let capacity = memory.reservation().capacity().as_u64();
    let page = allocator.page();
    for beyond in [1, 2, 1 << 20] {
        let Some(new) = page.round_up(capacity.saturating_add(beyond * page.bytes() as u64)) else {
            continue;
        };
        let refused = memory.commit(new);
        ensure!(refused.is_err(), "{new} were committed in a reservation of {capacity}");
        expect_bytes("bytes after the refusal", memory.bytes(), POISON)?;
    }
    memory.commit(pages(allocator, 4))?;
    let old = pages(allocator, 2).get();
    expect_bytes("bytes committed after a refusal", &memory.bytes()[old..], 0)
}

pub(crate) fn atomic<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let page = allocator.page().bytes() as u64;
    for policy in [CommitPolicy::Exact, CommitPolicy::Ahead] {
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
        expect_bytes("bytes after refusals", &region.data()?[3 * page as usize..], 0)?;
    }
    Ok(())
}

pub(crate) fn ahead_slack<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    const STEP: u64 = 64 << 10;
    let page = allocator.page();
    let request = ReserveRequest::new(0, 48 << 20).commit(CommitPolicy::Ahead);
    let mut region = Region::new(allocator, &request)?;
    for len in (1..=48 << 20).step_by(STEP as usize) {
        match region.grow_to(len) {
            Ok(()) => {}
            // A backend without so much room has been asked for all it has.
            Err(_) if len > STEP => break,
            Err(error) => return Err(error.into()),
        }
        let needed = page.round_up(len).unwrap_or_default();
        let slack = region.committed().saturating_sub(needed).as_u64();
        let bound = needed.as_u64().min(CommitPolicy::LARGEST_SLACK);
        ensure!(slack <= bound, "{slack} bytes are committed ahead of {len}, {bound} may be");
    }
    drop(region);
    gives_way(allocator)
}

/// A chunk that the host refuses is asked for again without slack.
fn gives_way<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let faulty = FaultyAllocator::new(allocator);
    let mut region = Region::new(&faulty, &request(allocator, 2, 64).commit(CommitPolicy::Ahead))?;
    region.data_mut()?.fill(POISON);
    let (old, new) = (pages(allocator, 2), pages(allocator, 4));
    faulty.fail_once(1);
    region.grow_to(new.as_u64())?;
    let committed = region.committed();
    ensure!(committed == new, "{committed} are committed, {new} were needed");
    expect_bytes("new bytes", &region.data()?[old.get()..], 0)?;
    faulty.fail_from(1);
    let refused = region.grow_to(pages(allocator, 8).as_u64());
    let os = refused.is_err_and(|error| matches!(error.kind, AllocErrorKind::Os(_)));
    ensure!(os, "a growth that the host refused twice: {refused:?}");
    expect_bytes("old bytes", &region.data()?[..old.get()], POISON)
}
