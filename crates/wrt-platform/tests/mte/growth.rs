//! New pages are tagged before any length covers them.

use wrt_platform::{CommitPolicy, MteAllocator, Region, ReserveRequest};

use crate::probe::{NONE, at, expect_tagged, in_child, load, tag_of};

#[test]
fn grown_memories_are_tagged_throughout() {
    in_child("growth::grown_memories_are_tagged_throughout", || {
        let allocator = MteAllocator::new().unwrap();
        for policy in [CommitPolicy::Exact, CommitPolicy::Ahead] {
            let request = ReserveRequest::new(0, 1 << 20).commit(policy);
            let mut region = Region::new(allocator, &request).unwrap();
            let base = at(&region, 0);
            for len in [1, 4096, 4097, 65536, 131_072, 131_073] {
                let stale = at(&region, 0);
                region.grow_to(len).unwrap();
                expect_tagged(&region);
                assert_eq!(at(&region, 0), base, "growth keeps base and tag");
                assert_eq!(load(stale), NONE, "a base from before the growth is still right");
                assert_eq!(tag_of(region.view().base.as_ptr().addr()), tag_of(base));
            }
        }
    });
}
