//! The backend on Windows, with pages changed behind its back.
#![allow(unsafe_code, reason = "changes pages behind the back of a region")]

use core::ffi::c_void;

use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_DECOMMIT, MEM_FREE, MEMORY_BASIC_INFORMATION, PAGE_NOACCESS, PAGE_READONLY,
    PAGE_READWRITE, VirtualAlloc, VirtualFree, VirtualProtect, VirtualQuery,
};

use super::*;
use crate::region::Region;

#[test]
fn verification_finds_rights_that_others_changed() {
    let page = VirtualAllocator::new().page();
    let pages = |count: u64| page.round_down(count * page.bytes() as u64);
    let request = ReserveRequest::new(pages(2).as_u64(), pages(8).as_u64());
    let region = Region::new(VirtualAllocator::new(), &request).unwrap();
    let base = region.reservation().base().as_ptr();
    let address = |number: u64| base.wrapping_add(pages(number).get());
    let protect = |number, rights| {
        let mut previous = 0;
        // SAFETY: the page lies within the reservation, and nobody uses its bytes.
        let done = unsafe { VirtualProtect(address(number).cast(), 1, rights, &mut previous) };
        assert_ne!(done, 0);
    };
    assert_eq!(region.verify(), Ok(()));
    for (number, wrong) in [(0, PAGE_READONLY), (1, PAGE_NOACCESS)] {
        protect(number, wrong);
        assert_eq!(region.verify(), Err(Corruption::Protection), "page {number}");
        protect(number, PAGE_READWRITE);
        assert_eq!(region.verify(), Ok(()));
    }
    for number in [2, 7, 8] {
        let at = address(number).cast::<c_void>();
        // SAFETY: the page belongs to the reservation and nobody uses it.
        assert!(!unsafe { VirtualAlloc(at, 1, MEM_COMMIT, PAGE_READONLY) }.is_null());
        assert_eq!(region.verify(), Err(Corruption::Guard), "page {number}");
        // SAFETY: as above.
        assert_ne!(unsafe { VirtualFree(at, 1, MEM_DECOMMIT) }, 0);
        assert_eq!(region.verify(), Ok(()));
    }
}

/// The pages past the kept ones return to the host, and read zero when committed again.
#[test]
fn a_reset_gives_back_what_it_need_not_keep() {
    const LEN: u64 = 1 << 16;
    let mut region =
        Region::new(VirtualAllocator::new(), &ReserveRequest::new(8192, 1 << 20)).unwrap();
    region.grow_to(LEN).unwrap();
    region.data_mut().unwrap().fill(0xB6);
    region.reset().unwrap();
    assert_eq!(region.committed().get(), 8192);
    assert_eq!(region.verify(), Ok(()));
    region.grow_to(LEN).unwrap();
    assert!(region.data().unwrap().iter().all(|byte| *byte == 0), "old contents are back");
}

/// Other tests may take an address as soon as it is free, but rarely each time.
#[test]
fn address_space_comes_back() {
    let came_back = (0..100).any(|_| {
        let region = Region::new(VirtualAllocator::new(), &ReserveRequest::new(4096, 1 << 20));
        let base = region.unwrap().reservation().base();
        let mut info = MEMORY_BASIC_INFORMATION::default();
        let size = size_of::<MEMORY_BASIC_INFORMATION>();
        // SAFETY: the call fills the structure, whose size it is told, and accesses no page.
        let filled = unsafe { VirtualQuery(base.as_ptr().cast(), &mut info, size) };
        filled > 0 && info.State == MEM_FREE
    });
    assert!(came_back, "every reservation is still there");
}
