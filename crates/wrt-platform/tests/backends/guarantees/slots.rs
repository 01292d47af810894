//! Slots of a pool after an emptied memory: the next memory has only its own bytes.

use core::num::NonZeroU64;

use wrt_platform::{MemoryImage, PoolAllocator, PoolConfig, Region, ReserveRequest};
use wrt_testkit::FaultyAllocator;

const UNIT: u64 = 64 << 10;

fn request(initial: u64) -> ReserveRequest<'static> {
    let unit = NonZeroU64::new(UNIT).unwrap();
    ReserveRequest::new(initial * UNIT, 64 * UNIT).unit(unit).reservation(1 << 26)
}

/// A pool of one slot, whose last memory had an image, was emptied, and was dropped.
fn emptied_slot() -> (PoolAllocator, MemoryImage) {
    let pool = PoolAllocator::new(&PoolConfig::new(1, 64 * UNIT)).unwrap();
    let image = MemoryImage::new(&[(0, &[7; 8 * UNIT as usize])]).unwrap();
    let faulty = FaultyAllocator::new(&pool);
    let mut region = Region::new(&faulty, &request(8).image(&image)).unwrap();
    faulty.fail_once(1);
    region.reset().unwrap_err();
    assert!(region.is_empty());
    drop(region);
    (pool, image)
}

/// Checks a memory of one unit in the slot: bytes past it must be closed, and the next memory must
/// see none of it.
fn expect_its_own_bytes(pool: &PoolAllocator) {
    let one = Region::new(pool, &request(1)).unwrap();
    assert!(one.guarantees().faults_exactly);
    assert_eq!(one.committed().as_u64(), UNIT);
    one.verify().unwrap();
    drop(one);
    let two = Region::new(pool, &request(4)).unwrap();
    two.verify().unwrap();
    assert!(two.data().unwrap().iter().all(|byte| *byte == 0));
}

#[test]
fn an_emptied_slot_is_closed_for_a_memory_without_image() {
    let (pool, _image) = emptied_slot();
    expect_its_own_bytes(&pool);
}

#[test]
fn an_emptied_slot_is_closed_when_its_image_is_gone() {
    let (pool, image) = emptied_slot();
    drop(image);
    expect_its_own_bytes(&pool);
}

#[test]
fn an_emptied_slot_serves_its_image_again() {
    let (pool, image) = emptied_slot();
    let again = Region::new(&pool, &request(8).image(&image)).unwrap();
    again.verify().unwrap();
    assert!(again.data().unwrap().iter().all(|byte| *byte == 7));
}
