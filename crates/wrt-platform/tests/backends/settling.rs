//! Rights that the host refuses to change are settled later.

use wrt_platform::{MmapAllocator, PageAllocator, Protection, Region, ReserveRequest};
use wrt_testkit::{FaultyAllocator, Mappings};

const NONE: Protection = Protection::empty();
const READ: Protection = Protection::READ;
const USUAL: Protection = Protection::READ_WRITE;

/// A host that refuses to change rights and to undo the change leaves pages with unknown rights.
/// The change is retried at the next opportunity, after which the rights are correct.
#[test]
fn rights_are_settled_once_the_host_goes_along() {
    let faulty = FaultyAllocator::new(MmapAllocator::new());
    let pages = |count: u64| count * faulty.page().bytes() as u64;
    let mut region = Region::new(&faulty, &ReserveRequest::new(pages(8), pages(8))).unwrap();
    region.fill(0, 0xB6, pages(8)).unwrap();
    // The first and the middle page change, the last does not, and then neither does the first.
    faulty.fail_between(3, 4);
    region.protect(5, pages(3), READ).unwrap_err();
    assert_eq!(faulty.failures(), 2);
    region.verify().unwrap();
    assert!(region.load::<1>(5).is_err() && region.load::<1>(4).is_ok());
    let base = region.reservation().base().as_ptr().addr();
    let host = |first: u64, last: u64, rights| {
        let range = base + pages(first) as usize..base + pages(last) as usize;
        Mappings::of_process().unwrap().have(&range, rights)
    };
    assert!(host(1, 3, READ), "or nothing is unsettled");
    region.protect(pages(6), pages(1), READ).unwrap();
    assert!(host(0, 1, USUAL) && host(1, 3, NONE) && host(3, 6, USUAL) && host(6, 7, READ));
    region.verify().unwrap();
    region.protect(5, pages(3), USUAL).unwrap();
    assert!(host(0, 6, USUAL));
    assert!(region.slice(0, pages(6)).unwrap().iter().all(|byte| *byte == 0xB6));
}

/// The same for a reset that could not restore all rights.
#[test]
fn a_reset_that_failed_half_way_can_be_tried_again() {
    let faulty = FaultyAllocator::new(MmapAllocator::new());
    let pages = |count: u64| count * faulty.page().bytes() as u64;
    let mut region = Region::new(&faulty, &ReserveRequest::new(pages(8), pages(8))).unwrap();
    region.fill(0, 0xB6, pages(8)).unwrap();
    region.protect(pages(1), pages(1), NONE).unwrap();
    region.protect(pages(3), pages(1), NONE).unwrap();
    faulty.fail_once(2);
    region.reset().unwrap_err();
    region.verify().unwrap();
    assert!(region.is_empty());
    region.reset().unwrap();
    region.verify().unwrap();
    assert!(region.data().unwrap().iter().all(|byte| *byte == 0));
}
