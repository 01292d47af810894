//! Operations on an arena in a forked child, while the arena's lock was held by another thread at
//! the fork.

use super::StaticArena;
use crate::region::Region;
use crate::request::ReserveRequest;
use crate::sys::forked::{Forked, in_child};

#[test]
fn a_child_may_access_memories_and_not_grow_them() {
    static ARENA: StaticArena<{ 64 << 10 }> = StaticArena::new();
    let mut region = Region::new(&ARENA, &ReserveRequest::new(4096, 8192)).unwrap();
    let held = ARENA.slots.lock();
    let ended = in_child(20, || {
        region.fill(0, 7, 4096).unwrap();
        region.discard(0, 100).unwrap();
        assert_eq!((region.load(99), region.load(100)), (Ok([0]), Ok([7])));
    });
    assert_eq!(ended, Forked::Done);
    assert_eq!(in_child(1, || region.grow_to(8192).unwrap()), Forked::Hung);
    drop(held);
    region.grow_to(8192).unwrap();
}
