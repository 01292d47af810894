//! A full registry, which is possible without an allocator.

use crate::backend::StaticArena;
use crate::fault::{FaultRegistration, MemoryExtent, SLOTS};
use crate::region::Region;
use crate::request::ReserveRequest;

#[test]
fn a_region_that_could_not_be_registered_is_released() {
    static ARENA: StaticArena<4096> = StaticArena::new();
    let _all_slots = SLOTS.write();
    let request = ReserveRequest::new(4096, 4096).classify_faults();
    let mut held = std::vec::Vec::new();
    while let Ok(one) = FaultRegistration::new(None, MemoryExtent::default()) {
        held.push(one);
    }
    assert!(Region::new(&ARENA, &request).is_err());
    held.clear();
    assert!(Region::new(&ARENA, &request).is_ok(), "the arena is free again");
}
