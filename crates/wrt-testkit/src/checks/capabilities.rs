//! Capabilities: constant over the backend's life, and without contradictions. The checks of each
//! operation compare them with its behaviour.

use wrt_platform::{Capabilities, PageAllocator, Protection, ReserveRequest};

use super::{Outcome, page_range, pages, request};
use crate::contract::RawMemory;
use crate::guarantee::{Detail, ensure};
use crate::laid_out;

pub(crate) fn constant<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let claimed = allocator.capabilities();
    let expect_same = |after: &str| {
        let now = allocator.capabilities();
        ensure!(claimed == now, "they were {claimed:?} and are {now:?} after {after}");
        Ok::<(), Detail>(())
    };
    for round in ["the first memory", "the second memory", "the third memory"] {
        live(allocator, &expect_same)?;
        expect_same(round)?;
    }
    let needs = Capabilities::STABLE_BASE;
    let consistent = !claimed.contains(Capabilities::SHARED) || claimed.contains(needs);
    ensure!(consistent, "memories can be shared and their bases can move");
    Ok(())
}

/// Runs the lifecycle of one memory beside another, with every operation. Other checks judge the
/// results, and no byte is accessed here before they have.
fn live<A: PageAllocator + ?Sized>(
    allocator: &A,
    expect_same: &impl Fn(&str) -> Outcome,
) -> Outcome {
    let image = laid_out::image(&[(pages(allocator, 1).as_u64(), b"image")])?;
    let with_image = request(allocator, 2, 8).image(&image).name("capabilities");
    let Ok(mut memory) = RawMemory::reserve(allocator, &with_image) else { return Ok(()) };
    expect_same("a reservation")?;
    let _ = memory.commit(pages(allocator, 2));
    expect_same("a commit")?;
    let other = RawMemory::reserve(allocator, &request(allocator, 1, 2));
    expect_same("a second reservation")?;
    let _ = memory.commit(pages(allocator, 8));
    expect_same("a growth")?;
    let _ = memory.with_protection(page_range(allocator, 1, 2), Protection::READ, |_| ());
    expect_same("a change of rights")?;
    let _ = (memory.verify(), memory.resident());
    expect_same("a verification")?;
    let _ = memory.discard(page_range(allocator, 3, 2));
    expect_same("a discard")?;
    let _ = memory.reset(pages(allocator, 2));
    expect_same("a reset")?;
    let impossible = RawMemory::reserve(allocator, &ReserveRequest::new(1 << 62, 1 << 62));
    expect_same("a request that nobody can fulfil")?;
    drop((impossible, other));
    expect_same("a release")
}
