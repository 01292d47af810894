//! Hardware tags: pointers of other memories, and of earlier ones at the same addresses, must not
//! match.

use wrt_platform::{AllocError, AllocErrorKind, Capabilities, PageAllocator, Region, Tagging};

use super::{Outcome, pages, request};
use crate::contract::RawMemory;
use crate::guarantee::ensure;

/// Memories that live at the same time: more than there are tags.
const MEMORIES: usize = 24;

pub(crate) fn demanded<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let able = allocator.capabilities().contains(Capabilities::TAGGED);
    let tagged = |tagging| {
        let region = Region::new(allocator, &request(allocator, 1, 2).tagging(tagging))?;
        Ok::<_, AllocError>(region.reservation().tagged())
    };
    ensure!(able || !tagged(Tagging::Off)?, "there are tags without the capability");
    ensure!(able || !tagged(Tagging::Wanted)?, "there are tags without the capability");
    match tagged(Tagging::Required) {
        Ok(tagged) => ensure!(tagged, "tags were required and a memory without was given"),
        Err(error) => {
            ensure!(!able, "{error}");
            let unsupported =
                matches!(error.kind, AllocErrorKind::Unsupported | AllocErrorKind::Unmet { .. });
            ensure!(unsupported, "the answer should be that it cannot, not: {error}");
        }
    }
    Ok(())
}

pub(crate) fn fresh<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    if !allocator.capabilities().contains(Capabilities::TAGGED) {
        return Ok(());
    }
    let mut memories = Vec::new();
    for _ in 0..MEMORIES {
        let mut memory = memory_of_two_pages(allocator)?;
        for keep in [2, 1, 0] {
            let before = tag_of(&memory);
            memory.reset(pages(allocator, keep))?;
            let tag = tag_of(&memory);
            ensure!(tag != before, "a reset that keeps {keep} pages leaves tag {tag}");
        }
        memories.push(memory);
    }
    apart(&memories)?;
    let known: Vec<_> =
        memories.iter().map(|memory| (address_of(memory), tag_of(memory))).collect();
    drop(memories);
    for _ in 0..MEMORIES {
        let next = memory_of_two_pages(allocator)?;
        let (address, tag) = (address_of(&next), tag_of(&next));
        let reused = known.contains(&(address, tag));
        ensure!(!reused, "the next memory at {address:#x} has tag {tag} again");
    }
    Ok(())
}

/// A memory of two pages with minimal address space: an emulator keeps a record of every page.
fn memory_of_two_pages<A: PageAllocator + ?Sized>(
    allocator: &A,
) -> Result<RawMemory<'_, A>, AllocError> {
    let request = request(allocator, 2, 4).reservation(pages(allocator, 4).as_u64());
    let mut memory = RawMemory::reserve(allocator, &request)?;
    memory.commit(pages(allocator, 2))?;
    Ok(memory)
}

/// Checks that neighbours in the address space have different tags.
fn apart<A: PageAllocator + ?Sized>(memories: &[RawMemory<'_, A>]) -> Outcome {
    let mut places: Vec<_> =
        memories.iter().map(|memory| (address_of(memory), tag_of(memory))).collect();
    places.sort_unstable();
    for pair in places.windows(2) {
        let [(below, tag), (above, other)] = *pair else { continue };
        ensure!(tag != other, "the neighbours at {below:#x} and {above:#x} both have tag {tag}");
    }
    Ok(())
}

/// Position of the tag in an address: bits 56 to 59.
const SHIFT: u32 = 56;

fn tag_of<A: PageAllocator + ?Sized>(memory: &RawMemory<'_, A>) -> u64 {
    memory.reservation().base().as_ptr().addr() as u64 >> SHIFT & 0xf
}

fn address_of<A: PageAllocator + ?Sized>(memory: &RawMemory<'_, A>) -> u64 {
    memory.reservation().base().as_ptr().addr() as u64 & ((1 << SHIFT) - 1)
}
