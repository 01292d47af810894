//! A reset or a release changes the tag.

use wrt_platform::{MteAllocator, Region, ReserveRequest};

use crate::probe::{GRANULE, NONE, TAG, at, bare, expect_tagged, in_child, load, store, tag_of};

#[test]
fn a_base_from_before_a_reset_faults() {
    in_child("retags::a_base_from_before_a_reset_faults", || {
        let allocator = MteAllocator::new().unwrap();
        let mut region = Region::new(allocator, &ReserveRequest::new(8192, 65536)).unwrap();
        for round in 0..20 {
            region.grow_to(65536).unwrap();
            region.data_mut().unwrap().fill(0xB6);
            let (stale, old) = (at(&region, 0), region.view());
            region.reset().unwrap();
            let new = region.view();
            assert_ne!(new.epoch, old.epoch);
            assert_eq!(bare(new.base.as_ptr().addr()), bare(stale));
            assert_ne!(tag_of(at(&region, 0)), tag_of(stale), "round {round}");
            for offset in [0, 4096, 8192 - GRANULE] {
                assert_eq!((load(stale + offset), store(stale + offset)), (TAG, TAG));
                assert_eq!(load(at(&region, offset as isize)), NONE);
            }
            // What was grown is closed, and tagged anew when it comes back.
            assert_eq!(load(stale + 8192), 2);
            region.grow_to(65536).unwrap();
            assert_eq!((load(stale + 8192), load(stale + 65535)), (TAG, TAG));
            expect_tagged(&region);
            assert!(region.data().unwrap().iter().all(|byte| *byte == 0));
        }
    });
}

#[test]
fn a_released_memory_is_out_of_reach() {
    in_child("retags::a_released_memory_is_out_of_reach", || {
        let allocator = MteAllocator::new().unwrap();
        for _ in 0..20 {
            let region = Region::new(allocator, &ReserveRequest::new(8192, 65536)).unwrap();
            let stale = at(&region, 0);
            assert_eq!(load(stale), NONE);
            drop(region);
            // Not mapped, until another memory with another tag is there.
            assert_eq!((load(stale), store(stale)), (1, 1));
            let next = Region::new(allocator, &ReserveRequest::new(8192, 65536)).unwrap();
            let reused = bare(at(&next, 0)) == bare(stale);
            assert_eq!(load(stale), if reused { TAG } else { 1 });
        }
    });
}
