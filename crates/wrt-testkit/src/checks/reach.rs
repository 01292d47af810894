//! The far ends of large memories: every committed byte is distinct and at its offset, however
//! large that is.

use wrt_platform::{
    Capabilities, HostBytes, HostRange, PageAllocator, Protection, Region, ReserveRequest,
};

use super::{Outcome, ROOM, expect_bytes, expect_rights, page_range, pages};
use crate::contract::RawMemory;
use crate::guarantee::ensure;
use crate::laid_out;

/// Pages that other checks cover.
const NEAR: u64 = 64;

pub(crate) fn capacity<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    // A backend with tags writes one for every few bytes.
    let tagged = allocator.capabilities().contains(Capabilities::TAGGED);
    let most = pages(allocator, 16 * NEAR).as_u64();
    let most = if tagged { most } else { most.max(ROOM) };
    let request = ReserveRequest::new(0, most).reservation(most);
    let mut memory = RawMemory::reserve(allocator, &request)?;
    commit_as_much_as_there_is(allocator, &mut memory, most);
    let all = HostRange { start: HostBytes::ZERO, len: memory.committed() };
    expect_rights("what is committed", &memory, all, Protection::READ_WRITE)?;
    let places = scattered(memory.committed().as_u64(), allocator.page().bytes() as u64);
    label(&mut memory, &places)?;
    expect_labels(&memory, &places)
}

/// Commits `most` bytes, or half of that and so on. A backend may refuse before its capacity, for
/// example if memories share free space.
fn commit_as_much_as_there_is<A: PageAllocator + ?Sized>(
    allocator: &A,
    memory: &mut RawMemory<'_, A>,
    most: u64,
) {
    let capacity = memory.reservation().capacity();
    let mut wanted = allocator.page().round_down(most).min(capacity);
    while wanted > HostBytes::ZERO && memory.commit(wanted).is_err() {
        wanted = allocator.page().round_down(wanted.as_u64() / 2);
    }
}

/// Offsets of words on distinct pages: the first ones, one on either side of each power of two, the
/// last, and some irregular ones. In order, without duplicates.
fn scattered(len: u64, page: u64) -> Vec<usize> {
    const WITHOUT_PATTERN: u64 = 256;
    let near = (0..NEAR).map(|number| number * page);
    let powers = (0..u64::BITS)
        .map(|bit| 1_u64 << bit)
        .flat_map(|power| [power.saturating_sub(page), power]);
    let spread = 0x9E37_79B9_7F4A_7C15_u64;
    let random = (1..=WITHOUT_PATTERN).map(|number| number.wrapping_mul(spread) % len.max(1));
    let all = near.chain(powers).chain(random).chain([len.saturating_sub(1)]);
    let mut pages: Vec<_> =
        all.filter(|offset| *offset < len).map(|offset| offset / page).collect();
    pages.sort_unstable();
    pages.dedup();
    // Not always the first word of its page.
    pages.into_iter().map(|number| (number * page + number % (page / 8) * 8) as usize).collect()
}

/// Writes its own offset into each of the words, which must read zero before.
fn label<A: PageAllocator + ?Sized>(memory: &mut RawMemory<'_, A>, places: &[usize]) -> Outcome {
    for place in places {
        let Some(word) = memory.bytes_mut().get_mut(*place..*place + 8) else { continue };
        if let Ok(found) = <[u8; 8]>::try_from(&*word) {
            let other = u64::from_le_bytes(found).wrapping_sub(1);
            ensure!(found == [0; 8], "byte {place} is not zero at first, or byte {other} again");
        }
        word.copy_from_slice(&(*place as u64 + 1).to_le_bytes());
    }
    Ok(())
}

fn expect_labels<A: PageAllocator + ?Sized>(
    memory: &RawMemory<'_, A>,
    places: &[usize],
) -> Outcome {
    for place in places {
        let Some(word) = memory.bytes().get(*place..*place + 8) else { continue };
        let expected = (*place as u64 + 1).to_le_bytes();
        ensure!(word == expected, "the word at byte {place} is {word:02x?}, not {expected:02x?}");
    }
    Ok(())
}

/// The first offset that takes more than 32 bits.
const FAR: u64 = 1 << 32;

pub(crate) fn wide_offsets<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let claimed = allocator.capabilities();
    // What a backend without reservations or with tags commits, it may have to write.
    if !claimed.contains(Capabilities::STABLE_BASE) || claimed.contains(Capabilities::TAGGED) {
        return Ok(());
    }
    let page = allocator.page().bytes() as u64;
    let maximum = FAR + 16 * page;
    let request = ReserveRequest::new(0, maximum).reservation(maximum);
    let mut memory = RawMemory::reserve(allocator, &request)?;
    // Not every backend has such room, and not every host.
    if memory.reservation().capacity().as_u64() < maximum {
        return Ok(());
    }
    for len in [FAR - 4 * page, FAR + 12 * page] {
        if memory.commit(allocator.page().round_down(len)).is_err() {
            return Ok(());
        }
        let all = HostRange { start: HostBytes::ZERO, len: memory.committed() };
        expect_rights("what is committed", &memory, all, Protection::READ_WRITE)?;
    }
    let mut places = scattered(FAR + 12 * page, page);
    places.extend((1..12).map(|number| (FAR + number * page) as usize));
    label(&mut memory, &places)?;
    expect_labels(&memory, &places)?;
    wide_protect(allocator, &mut memory)?;
    expect_labels(&memory, &places)?;
    wide_discard(allocator, &mut memory, &mut places)?;
    memory.commit(allocator.page().round_down(maximum))?;
    expect_labels(&memory, &places)?;
    let new = memory.bytes().get((FAR + 12 * page) as usize..).unwrap_or_default();
    expect_bytes("new bytes past 4 GiB", new, 0)?;
    wide_reset(allocator, &mut memory, &places)?;
    drop(memory);
    wide_image(allocator)
}

/// Checks that a backend that fills images does so at their offset and nowhere else.
fn wide_image<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    if !allocator.capabilities().contains(Capabilities::IMAGES) {
        return Ok(());
    }
    let page = allocator.page().bytes() as u64;
    let (text, near) = (b"past 4 GiB", page + 100);
    let image = laid_out::image(&[(FAR + near, text)])?;
    let bytes = FAR + 4 * page;
    let request = ReserveRequest::new(bytes, bytes).reservation(bytes).image(&image);
    let Ok(region) = Region::new(allocator, &request) else { return Ok(()) };
    let len = text.len() as u64;
    expect_bytes("the bytes 4 GiB below the image", region.slice(near, len)?, 0)?;
    let found = region.slice(FAR + near, len)?;
    ensure!(found == text, "{found:x?} is there past 4 GiB, not the image");
    Ok(())
}

/// `len` pages, `start` pages past [`FAR`].
fn far_range<A: PageAllocator + ?Sized>(allocator: &A, start: u64, len: u64) -> HostRange {
    let first = FAR + start * allocator.page().bytes() as u64;
    HostRange { start: allocator.page().round_down(first), len: pages(allocator, len) }
}

fn wide_protect<A: PageAllocator + ?Sized>(
    allocator: &A,
    memory: &mut RawMemory<'_, A>,
) -> Outcome {
    if !allocator.capabilities().contains(Capabilities::PROTECT) {
        return Ok(());
    }
    let range = far_range(allocator, 2, 2);
    memory.protect(range, Protection::empty())?;
    expect_rights("the range past 4 GiB", memory, range, Protection::empty())?;
    let near = page_range(allocator, 2, 2);
    expect_rights("the range 4 GiB below it", memory, near, Protection::READ_WRITE)?;
    memory.protect(range, Protection::READ_WRITE)?;
    expect_rights("what got its rights back", memory, range, Protection::READ_WRITE)
}

/// Discards labelled pages and removes their labels from `places`.
fn wide_discard<A: PageAllocator + ?Sized>(
    allocator: &A,
    memory: &mut RawMemory<'_, A>,
    places: &mut Vec<usize>,
) -> Outcome {
    let range = far_range(allocator, 4, 2);
    if memory.discard(range).is_ok() {
        let inside = range.start.get()..range.end().get();
        let discarded = memory.bytes().get(inside.clone()).unwrap_or_default();
        expect_bytes("a discarded range past 4 GiB", discarded, 0)?;
        places.retain(|place| !inside.contains(place));
    }
    expect_labels(memory, places)
}

/// Checks resets of backends that return pages; other backends overwrite all that they keep.
fn wide_reset<A: PageAllocator + ?Sized>(
    allocator: &A,
    memory: &mut RawMemory<'_, A>,
    places: &[usize],
) -> Outcome {
    if !allocator.capabilities().contains(Capabilities::DISCARD) {
        return Ok(());
    }
    let keep = far_range(allocator, 4, 0).start;
    let left = memory.reset(keep)?;
    ensure!(keep <= left, "{left} are left, {keep} were to be kept");
    for place in places {
        let word = memory.bytes().get(*place..*place + 8).unwrap_or_default();
        expect_bytes(&format!("a reset memory from byte {place}"), word, 0)?;
    }
    Ok(())
}
