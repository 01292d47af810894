//! Memories that start from an image.

use wrt_platform::{Capabilities, MemoryImage, PageAllocator, Region};

use super::{Outcome, POISON, expect_bytes, pages, request};
use crate::contract::RawMemory;
use crate::guarantee::{Detail, ensure};
use crate::laid_out;

/// Initial pages of memories, and their maximum.
const INITIAL: u64 = 40;
const MAXIMUM: u64 = 64;

/// An image in two pieces: one within a page, one across several. Where pages are small it starts
/// past the first 64 KiB, so that its offset matters.
fn image<A: PageAllocator + ?Sized>(allocator: &A) -> Result<MemoryImage, Detail> {
    let page = allocator.page().bytes() as u64;
    let across = vec![0x2D; 3 * page as usize];
    Ok(laid_out::image(&[(17 * page + 9, b"within a page"), (30 * page + 99, &across)])?)
}

/// The initial contents of a memory of `len` bytes.
fn contents(image: &MemoryImage, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    for (address, extent) in image.extents() {
        let start = address as usize;
        bytes[start..start + extent.len()].copy_from_slice(extent);
    }
    bytes
}

fn expect_image<A: PageAllocator + ?Sized>(
    when: &str,
    region: &Region<&A>,
    image: &MemoryImage,
) -> Outcome {
    let (expected, bytes) = (contents(image, region.len()), region.data()?);
    if bytes == expected {
        return Ok(());
    }
    let odd = bytes.iter().zip(&expected).position(|(byte, right)| byte != right);
    let Some(index) = odd else { return Ok(()) };
    let (found, right) = (bytes[index], expected[index]);
    ensure!(false, "{when} byte {index} is {found:#04x}, the image says {right:#04x}");
    Ok(())
}

pub(crate) fn first<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let image = image(allocator)?;
    let able = allocator.capabilities().contains(Capabilities::IMAGES);
    for maximum in [INITIAL, MAXIMUM] {
        let request = request(allocator, INITIAL, maximum).image(&image);
        let region = Region::new(allocator, &request)?;
        let has = region.reservation().has_image();
        ensure!(has == able, "the capability is {able}, but the reservation's word is {has}");
        expect_image("at first", &region, &image)?;
    }
    // What the backend does not say it fills is the region's to fill.
    let request = request(allocator, INITIAL, MAXIMUM).image(&image);
    let mut raw = RawMemory::reserve(allocator, &request)?;
    raw.commit(pages(allocator, INITIAL))?;
    let range = raw.reservation().image_range();
    let filled = range.start.get()..range.end().get();
    ensure!(filled.end <= raw.bytes().len(), "pages past the initial ones are filled");
    let right = contents(&image, raw.bytes().len());
    ensure!(raw.bytes()[filled.clone()] == right[filled.clone()], "the filled pages differ");
    expect_bytes("what lies before them", &raw.bytes()[..filled.start], 0)?;
    expect_bytes("what lies past them", &raw.bytes()[filled.end..], 0)
}

pub(crate) fn reset<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let image = image(allocator)?;
    let request = request(allocator, INITIAL, MAXIMUM).image(&image);
    let mut region = Region::new(allocator, &request)?;
    let page = allocator.page().bytes() as u64;
    // All of it, a page of the image, a page beside it, nothing.
    for (start, len) in [(0, MAXIMUM), (31, 1), (1, 1), (0, 0)] {
        region.grow_to(pages(allocator, MAXIMUM).as_u64())?;
        region.fill(start * page, POISON, len * page).map_err(Detail::from)?;
        region.reset()?;
        let what = format!("after {len} pages were written and reset,");
        expect_image(&what, &region, &image)?;
        // A discarded page shows its image again too.
        let _ = region.discard(30 * page, 2 * page);
        region.reset()?;
        expect_image("after a page was discarded and reset,", &region, &image)?;
    }
    Ok(())
}

pub(crate) fn discard<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let image = image(allocator)?;
    let page = allocator.page().bytes();
    let request = request(allocator, INITIAL, MAXIMUM).image(&image);
    let mut region = Region::new(allocator, &request)?;
    for (start, end) in
        [(29 * page, 32 * page), (17 * page, 18 * page), (30 * page + 100, INITIAL as usize * page)]
    {
        region.reset()?;
        let mut right = contents(&image, region.len());
        if region.discard(start as u64, (end - start) as u64).is_ok() {
            right[start..end].fill(0);
        }
        expect_bytes("a discarded range", &region.data()?[start..end], 0)?;
        ensure!(region.data()? == right, "bytes beside {start}..{end} changed");
    }
    Ok(())
}

pub(crate) fn apart<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let image = image(allocator)?;
    let with = request(allocator, INITIAL, MAXIMUM).image(&image);
    let without = request(allocator, INITIAL, MAXIMUM);
    drop(Region::new(allocator, &with)?);
    let plain = Region::new(allocator, &without)?;
    expect_bytes("a memory without an image", plain.data()?, 0)?;
    let mut first = Region::new(allocator, &with)?;
    let mut second = Region::new(allocator, &with)?;
    first.data_mut()?.fill(POISON);
    expect_image("while another is written,", &second, &image)?;
    second.reset()?;
    expect_image("after a reset beside one that is written,", &second, &image)?;
    drop(first);
    expect_image("in the next memory,", &Region::new(allocator, &with)?, &image)?;
    let piece = [0x77; 40];
    let other = laid_out::image(&[(allocator.page().bytes() as u64 * 30, &piece)])?;
    let third = Region::new(allocator, &request(allocator, INITIAL, MAXIMUM).image(&other))?;
    expect_image("in a memory with another image,", &third, &other)?;
    expect_bytes("a memory without an image", plain.data()?, 0)
}
