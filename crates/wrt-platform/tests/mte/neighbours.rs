//! One tag on a whole memory, never 0, and different from those of all neighbours.

use std::collections::BTreeSet;

use wrt_platform::{GuardPolicy, MteAllocator, Region, ReserveRequest, Tagging};

use crate::probe::{
    GRANULE, NONE, TAG, at, bare, expect_tagged, in_child, load, store, tag_of, with_tag,
};

fn memories(count: usize) -> Vec<Region<MteAllocator>> {
    let allocator = MteAllocator::new().unwrap();
    let request = ReserveRequest::new(8192, 8192).guards(GuardPolicy::ChecksOnly);
    (0..count).map(|_| Region::new(allocator, &request).unwrap()).collect()
}

#[test]
fn every_live_memory_is_out_of_reach_of_the_others() {
    in_child("neighbours::every_live_memory_is_out_of_reach_of_the_others", || {
        let all = memories(15);
        let tags: BTreeSet<_> = all.iter().map(|one| tag_of(at(one, 0))).collect();
        assert_eq!(tags.len(), 15, "{tags:?}");
        for one in &all {
            assert!(one.reservation().tagged());
            expect_tagged(one);
            for other in all.iter().filter(|other| at(*other, 0) != at(one, 0)) {
                for offset in [0, 4096, 8192 - GRANULE as isize] {
                    let wrong = with_tag(at(other, offset), tag_of(at(one, 0)));
                    assert_eq!((load(wrong), store(wrong)), (TAG, TAG), "{wrong:#x}");
                    assert_eq!(load(at(other, offset)), NONE);
                }
            }
        }
    });
}

#[test]
fn one_granule_to_either_side_is_the_neighbours() {
    in_child("neighbours::one_granule_to_either_side_is_the_neighbours", || {
        let all = memories(40);
        let mut touching = 0;
        for one in &all {
            let (low, high) = (at(one, -(GRANULE as isize)), at(one, 8192));
            let belongs = |address| {
                all.iter().any(|other| {
                    (0..8192).contains(&bare(address).wrapping_sub(bare(at(other, 0))))
                })
            };
            for side in [low, high].into_iter().filter(|side| belongs(*side)) {
                touching += 1;
                assert_eq!((load(side), store(side)), (TAG, TAG), "{side:#x}");
            }
        }
        assert!(touching >= 20, "only {touching} sides had a neighbour");
    });
}

#[test]
fn guards_stay_closed_whatever_the_tag() {
    in_child("neighbours::guards_stay_closed_whatever_the_tag", || {
        let allocator = MteAllocator::new().unwrap();
        let request = ReserveRequest::new(8192, 65536).tagging(Tagging::Required);
        let region = Region::new(allocator, &request).unwrap();
        for offset in [-1, -65536, 8192, 65535, 65536, 131_071] {
            for tag in 0..16 {
                let address = with_tag(at(&region, offset), tag);
                // SEGV_ACCERR: the pages are there, and closed.
                assert_eq!((load(address), store(address)), (2, 2), "{offset}, tag {tag}");
            }
        }
    });
}
