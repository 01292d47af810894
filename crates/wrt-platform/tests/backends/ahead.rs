//! Commit ahead of the length: within its bound, and exact where the host refuses the chunk.

use wrt_platform::{
    AllocErrorKind, CommitPolicy, PageAllocator, Region, ReserveRequest, for_each_backend,
};
use wrt_testkit::FaultyAllocator;

fn slack(allocator: impl PageAllocator) {
    const STEP: u64 = 64 << 10;
    const MOST: u64 = 48 << 20;
    let page = allocator.page();
    let request = ReserveRequest::new(0, MOST).commit(CommitPolicy::Ahead);
    let mut region = Region::new(&allocator, &request).unwrap();
    let mut steps = 0;
    for len in (1..=MOST).step_by(STEP as usize) {
        if region.grow_to(len).is_err() {
            // A backend without so much room has been asked for all it has.
            assert!(region.capacity() < MOST);
            break;
        }
        steps += 1;
        let needed = page.round_up(len).unwrap();
        let slack = region.committed().saturating_sub(needed).as_u64();
        let bound = needed.as_u64().min(CommitPolicy::LARGEST_SLACK);
        assert!(slack <= bound, "{slack} bytes are committed ahead of {len}, {bound} may be");
    }
    assert!(steps > 100, "{steps}");
}

fn gives_way(allocator: impl PageAllocator) {
    let page = allocator.page().bytes();
    let faulty = FaultyAllocator::new(&allocator);
    let sizes = ReserveRequest::new(2 * page as u64, 64 * page as u64);
    let mut region = Region::new(&faulty, &sizes.commit(CommitPolicy::Ahead)).unwrap();
    region.data_mut().unwrap().fill(0xB6);
    faulty.fail_once(1);
    region.grow_to(4 * page as u64).unwrap();
    assert_eq!(region.committed().get(), 4 * page, "no more than was needed");
    assert!(region.data().unwrap()[2 * page..].iter().all(|byte| *byte == 0));
    faulty.fail_from(1);
    let refused = region.grow_to(8 * page as u64).unwrap_err();
    assert!(matches!(refused.kind, AllocErrorKind::Os(_)), "{refused}");
    assert_eq!(region.len(), 4 * page);
    assert!(region.data().unwrap()[..2 * page].iter().all(|byte| *byte == 0xB6));
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn what_is_committed_ahead_is_bounded() {
                super::slack($new);
            }

            #[test]
            fn a_refused_chunk_gives_way() {
                super::gives_way($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
