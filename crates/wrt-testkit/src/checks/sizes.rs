//! Reservations: page, bounds, and exclusive ownership.

use wrt_platform::{HostBytes, PageAllocator};

use super::{Outcome, POISON, expect_bytes, pages, poisoned, request};
use crate::contract::RawMemory;
use crate::guarantee::ensure;

pub(crate) fn page<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let page = allocator.page();
    ensure!(page.bytes().is_power_of_two(), "it has {} bytes", page.bytes());
    for _ in 0..3 {
        let memory = RawMemory::reserve(allocator, &request(allocator, 1, 2))?;
        ensure!(allocator.page() == page, "it was {page:?} and is {:?}", allocator.page());
        drop(memory);
        ensure!(allocator.page() == page, "it was {page:?} and is {:?}", allocator.page());
    }
    Ok(())
}

pub(crate) fn bounds<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    for (initial, maximum) in [(0, 1), (1, 1), (3, 7), (8, 64)] {
        let mut memory = RawMemory::reserve(allocator, &request(allocator, initial, maximum))?;
        let capacity = memory.reservation().capacity();
        let initial = pages(allocator, initial);
        ensure!(initial <= capacity, "{initial} were asked for and {capacity} are the most");
        // Where the base may move there is none before something is committed.
        memory.commit(initial)?;
        let base = memory.reservation().base().as_ptr().addr();
        let page = allocator.page().bytes();
        ensure!(base.is_multiple_of(page), "the base {base:#x} is not on a page of {page}");
        let end = base.checked_add(initial.get());
        ensure!(end.is_some(), "{initial} from {base:#x} reach beyond the address space");
    }
    Ok(())
}

pub(crate) fn apart<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    // Whatever a released memory has left may go to one of the two, not to both.
    drop(poisoned(allocator, 4, 16)?);
    let mut first = poisoned(allocator, 4, 16)?;
    let mut second = poisoned(allocator, 4, 16)?;
    first.commit(pages(allocator, 8))?;
    second.commit(pages(allocator, 8))?;
    let span = |memory: &RawMemory<'_, A>| {
        let bytes = memory.bytes().as_ptr_range();
        bytes.start.addr()..bytes.end.addr()
    };
    let (one, other) = (span(&first), span(&second));
    ensure!(one.end <= other.start || other.end <= one.start, "{one:x?} and {other:x?} overlap");
    first.bytes_mut().fill(1);
    let old = pages(allocator, 4).get();
    expect_bytes("the other memory's bytes", &second.bytes()[..old], POISON)?;
    expect_bytes("the other memory's new bytes", &second.bytes()[old..], 0)?;
    drop(first);
    expect_bytes("bytes after the other's release", &second.bytes()[..old], POISON)?;
    ensure!(second.committed() > HostBytes::ZERO, "nothing is committed");
    Ok(())
}
