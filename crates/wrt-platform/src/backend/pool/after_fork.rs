//! Operations on a pool in a forked child, while the pool's locks were held by other threads at the
//! fork.

use std::sync::Arc;

use super::Shared;
use crate::backend::{PoolAllocator, PoolConfig, PoolLayout};
use crate::image::MemoryImage;
use crate::protection::Protection;
use crate::region::Region;
use crate::request::ReserveRequest;
use crate::sys::forked::{Forked, in_child};

const SIZE: u64 = 1 << 18;

/// Forks while all locks of the pool are held, as other threads could.
fn fork_while_locked(shared: &Shared, seconds: u32, body: impl FnOnce()) -> Forked {
    let _held = shared.free.lock_all();
    in_child(seconds, body)
}

#[test]
fn memories_that_are_there_need_no_lock() {
    let image = MemoryImage::new(&[(65536, &[3; 100])]).unwrap();
    for layout in [PoolLayout::SmallGuard, PoolLayout::Dense] {
        let config = PoolConfig::new(2, SIZE).layout(layout);
        let pool = PoolAllocator::new(&config).unwrap();
        let shared = Arc::clone(&pool.shared);
        let request = ReserveRequest::new(SIZE / 2, SIZE).image(&image);
        let mut region = Region::new(&pool, &request).unwrap();
        let ended = fork_while_locked(&shared, 20, || {
            assert_eq!(region.load(65536), Ok([3]));
            region.fill(0, 7, SIZE / 2).unwrap();
            region.grow_to(SIZE).unwrap();
            assert_eq!((region.load(7), region.load(SIZE - 1)), (Ok([7]), Ok([0])));
            region.discard(0, 65536).unwrap();
            if layout != PoolLayout::Dense {
                region.protect(0, 65536, Protection::READ).unwrap();
            }
            region.verify().unwrap();
            region.reset().unwrap();
            assert_eq!((region.load(7), region.load(65536)), (Ok([0]), Ok([3])));
        });
        assert_eq!(ended, Forked::Done, "{layout:?}");
        assert_eq!(region.load(65536), Ok([3]), "what a child does is its own");
    }
}

/// Without this, the test above would show nothing.
#[test]
fn a_new_memory_needs_a_lock() {
    let pool = PoolAllocator::new(&PoolConfig::new(2, SIZE)).unwrap();
    let shared = Arc::clone(&pool.shared);
    let create = || drop(Region::new(&pool, &ReserveRequest::new(0, SIZE)));
    assert_eq!(fork_while_locked(&shared, 1, create), Forked::Hung);
    assert_eq!(in_child(20, create), Forked::Done);
}
