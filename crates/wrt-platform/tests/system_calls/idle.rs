//! The host refuses to unmap an image from an idle slot when the image's last handle is dropped.

use wrt_platform::{PoolAllocator, PoolConfig, Region, ReserveRequest};
use wrt_testkit::ChildTest;

use crate::tracer::{self, BEGUN, DONE};
use crate::{GROWN, SIZE, expect_initial, image, outnumber_the_main_thread};

/// The pages of the image count as kept until the next memory takes the slot.
fn life() {
    let image = image().unwrap();
    let pool = PoolAllocator::new(&PoolConfig::new(1, GROWN)).unwrap();
    let request = ReserveRequest::new(SIZE, GROWN);
    drop(Region::new(&pool, &request.image(&image)).unwrap());
    let before = pool.statistics().kept_bytes;
    println!("{BEGUN}");
    drop(image);
    let file = 65536;
    assert_eq!(pool.statistics().kept_bytes, before + file, "what the slot still has");
    let plain = Region::new(&pool, &request).unwrap();
    expect_initial(&plain, false);
    assert_eq!(pool.statistics().kept_bytes, before);
    drop(plain);
    let found = pool.statistics();
    assert_eq!((found.retired, found.free, found.image_changes), (0, 1, 1));
    println!("{DONE}");
}

#[test]
fn what_an_idle_slot_still_has_is_counted() {
    let test = "idle::what_an_idle_slot_still_has_is_counted";
    if ChildTest::new(test).case().is_some() {
        outnumber_the_main_thread();
        return life();
    }
    if tracer::is_blind() {
        return;
    }
    let calls = ["mmap"];
    let when = (tracer::run(test, "idle", &calls, &[]).early("mmap") + 1).to_string();
    let seen = tracer::run(test, "idle", &calls, &[("mmap", &when)]);
    seen.expect_success(test);
    assert_eq!((seen.failed_early(), seen.failed()), (0, 1), "another call was failed");
}
