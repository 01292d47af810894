//! The backend on Linux, with locked pages and changed rights.
#![allow(unsafe_code, reason = "locks pages, and changes their rights")]

use core::ffi::c_void;
use std::vec;

use super::*;
use crate::image::MemoryImage;
use crate::region::Region;

/// The host does not drop locked pages: `madvise` fails, and the bytes stay.
#[test]
fn a_reset_erases_what_the_host_will_not_drop() {
    const LEN: usize = 1 << 16;
    let request = ReserveRequest::new(8192, 1 << 20);
    let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
    region.grow_to(LEN as u64).unwrap();
    region.data_mut().unwrap().fill(0xB6);
    let upper_half = region.view().base.as_ptr().wrapping_add(LEN / 2).cast::<c_void>();
    // Only the upper half is locked: the host drops the lower one before it fails.
    // SAFETY: locking committed pages changes neither rights nor bytes.
    if unsafe { rustix::mm::mlock(upper_half, LEN / 2) }.is_err() {
        std::eprintln!("skipped: this process may not lock {} bytes", LEN / 2);
        return;
    }
    assert_eq!(region.discard(0, LEN as u64), Ok(Discarded::ZeroedOnly));
    assert!(region.data().unwrap().iter().all(|byte| *byte == 0), "half a discard");
    region.data_mut().unwrap().fill(0xB6);
    region.reset().unwrap();
    assert!(region.data().unwrap().iter().all(|byte| *byte == 0));
    region.grow_to(LEN as u64).unwrap();
    assert!(region.data().unwrap().iter().all(|byte| *byte == 0), "old contents are back");
}

/// A locked page prevents the host from dropping its neighbours. The image is restored all the
/// same, and pages far from the locked one return to the host.
#[test]
fn an_image_comes_back_where_the_host_will_not_drop_it() {
    const LEN: usize = 16 << 20;
    const LOCKED: usize = 5 << 20;
    let piece = vec![0x2D; 300_000];
    let segments: [(u64, &[u8]); 3] =
        [(100, b"first"), (LOCKED as u64 - 1000, &piece), (9 << 20, b"far from it")];
    let image = MemoryImage::new(&segments).unwrap();
    let mut expected = vec![0; LEN];
    for (start, bytes) in segments {
        expected[start as usize..][..bytes.len()].copy_from_slice(bytes);
    }
    let request = ReserveRequest::new(LEN as u64, LEN as u64).image(&image);
    let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
    drop(image);
    assert!(region.reservation().has_image());
    let page = region.view().base.as_ptr().wrapping_add(LOCKED).cast::<c_void>();
    // SAFETY: locking a committed page changes neither rights nor bytes.
    if unsafe { rustix::mm::mlock(page, 1) }.is_err() {
        std::eprintln!("skipped: this process may not lock a page");
        return;
    }
    for _ in 0..2 {
        region.data_mut().unwrap().fill(0xB6);
        region.reset().unwrap();
        let resident = region.resident();
        assert!(resident.is_none_or(|bytes| bytes <= CHUNK.as_u64()), "{resident:?}");
        assert!(region.data().unwrap() == expected, "not the image");
    }
}

#[test]
fn verification_finds_rights_that_others_changed() {
    let page = MmapAllocator::new().page();
    let whole = |count: u64| page.round_down(count * page.bytes() as u64);
    let request = ReserveRequest::new(whole(2).as_u64(), whole(8).as_u64());
    let region = Region::new(MmapAllocator::new(), &request).unwrap();
    let at = |start| HostRange { start: whole(start), len: whole(1) };
    let change = |range, rights| {
        let base = region.reservation().base();
        // SAFETY: the range lies within the reservation, and nobody uses its bytes.
        unsafe { pages::set_rights(base, range, rights, PageKind::PLAIN) }.unwrap();
    };
    let (usual, none) = (Protection::READ_WRITE, Protection::empty());
    assert_eq!(region.verify(), Ok(()));
    for (range, wrong, right, fault) in [
        (at(2), usual, none, Corruption::Guard),
        (at(8), Protection::READ, none, Corruption::Guard),
        (at(0), Protection::READ, usual, Corruption::Protection),
        (at(1), none, usual, Corruption::Protection),
    ] {
        change(range, wrong);
        assert_eq!(region.verify(), Err(fault), "{range:?} {wrong:?}");
        change(range, right);
        assert_eq!(region.verify(), Ok(()));
    }
}
