//! Modules that are created and dropped while a pool stays: leaks of their images.

use std::fs;
use std::hint;
use std::sync::Barrier;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread;

use wrt_platform::{MemoryImage, PoolAllocator, PoolConfig, Region, ReserveRequest};
use wrt_testkit::{ChildTest, Ending};

const PAGE: u64 = 65536;
const MIB: u64 = 1 << 20;

/// Runs the rest of the test in a child, once, since other tests have descriptors and mappings too;
/// returns whether this is the child.
fn in_child(test: &str) -> bool {
    let child = ChildTest::new(test);
    if child.case().is_some() {
        return true;
    }
    let (ending, output) = child.run("alone").unwrap();
    assert_eq!(ending, Ending::Success, "{output}");
    false
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Numbers of the process's mappings, without those of the kernel, and of mappings of images.
fn mappings() -> (usize, usize) {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    (maps.lines().count(), maps.lines().filter(|line| line.contains("wasm-memory-image")).count())
}

/// A module's image, sometimes in two pieces.
fn image(number: u64) -> MemoryImage {
    let far = if number.is_multiple_of(3) { 2 * MIB } else { 50 };
    MemoryImage::new(&[(1024, &number.to_le_bytes()), (1024 + far, b"more")]).unwrap()
}

/// One instance of a module.
fn instance<'a>(pool: &'a PoolAllocator, image: &MemoryImage) -> Region<&'a PoolAllocator> {
    let len = image.end().next_multiple_of(PAGE);
    Region::new(pool, &ReserveRequest::new(len, 4 * MIB).image(image)).unwrap()
}

fn expect_module(region: &Region<&PoolAllocator>, number: u64) {
    assert_eq!(region.load(1024).map(u64::from_le_bytes), Ok(number));
}

/// Drops the instance first, or the module.
fn live(pool: &PoolAllocator, number: u64) {
    let image = image(number);
    let mut region = instance(pool, &image);
    expect_module(&region, number);
    region.store(1024, [0xB6; 9]).unwrap();
    if number.is_multiple_of(2) {
        drop(region);
        drop(image);
    } else {
        drop(image);
        region.reset().unwrap();
        expect_module(&region, number);
    }
}

#[test]
fn modules_leave_no_descriptors() {
    if !in_child("modules::modules_leave_no_descriptors") {
        return;
    }
    // What 32-bit addresses have room for.
    let slots = if usize::BITS < 64 { 100 } else { 1000 };
    let pool = PoolAllocator::new(&PoolConfig::new(slots, 4 * MIB)).unwrap();
    let before = descriptors();
    (0..1000).for_each(|number| live(&pool, number));
    assert_eq!(descriptors(), before);
    assert_eq!(mappings().1, 0, "mappings of images that nobody has");
    let found = pool.statistics();
    assert_eq!((found.live, found.retired, found.free), (0, 0, slots));
}

/// Modules that a thread has at the same time, each with some idle slots.
fn live_beside_others(pool: &PoolAllocator, first: u64) {
    let images = [0, 1, 2].map(|step| image(first + step));
    for round in 0..2 {
        let two = [instance(pool, &images[0]), instance(pool, &images[round])];
        expect_module(&two[0], first);
        expect_module(&two[1], first + round as u64);
    }
    let last = instance(pool, &images[2]);
    drop(images);
    expect_module(&last, first + 2);
}

#[test]
fn modules_without_number_leave_nothing() {
    if !in_child("modules::modules_without_number_leave_nothing") {
        return;
    }
    let modules = if ChildTest::is_emulated() { 1_000 } else { 100_000 };
    let pool = PoolAllocator::new(&PoolConfig::new(8, 4 * MIB)).unwrap();
    let run = |from: u64, modules: u64| {
        let start = Barrier::new(2);
        thread::scope(|scope| {
            for thread in 0..2 {
                let (pool, start) = (&pool, &start);
                scope.spawn(move || {
                    start.wait();
                    for number in (from + thread..from + modules).step_by(2) {
                        if number % 8 < 2 {
                            live_beside_others(pool, number);
                        } else {
                            live(pool, number);
                        }
                    }
                });
            }
        });
        assert_eq!(mappings().1, 0, "mappings of images that nobody has");
        (descriptors(), mappings().0)
    };
    // Every slot has been used once, and has the mappings that a slot has.
    let before = run(0, 500);
    let after = run(500, modules);
    assert_eq!(after.0, before.0, "descriptors");
    // A slot that had an image is a few mappings, as the host merges some with their neighbours.
    assert!(after.1 <= before.1 + 8, "{} mappings of {}", after.1, before.1);
    let found = pool.statistics();
    assert_eq!((found.live, found.retired, found.free), (0, 0, 8));
}

/// Waits until `flag` is `round`.
fn wait_for(flag: &AtomicU64, round: u64) {
    let mut looks = 0_u32;
    while flag.load(Acquire) != round {
        looks = looks.wrapping_add(1);
        if looks.is_multiple_of(1 << 10) { thread::yield_now() } else { hint::spin_loop() }
    }
}

/// An idle slot loses the image of a dropped module while another thread wants the slot: at every
/// moment it is idle or in use.
#[test]
fn a_slot_is_free_while_its_module_goes() {
    const ROUNDS: u64 = 2_000;
    let pool = PoolAllocator::new(&PoolConfig::new(1, 4 * MIB)).unwrap();
    let (idle, taken) = (AtomicU64::new(0), AtomicU64::new(0));
    let missing = thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=ROUNDS {
                let image = image(1);
                drop(instance(&pool, &image));
                idle.store(round, Release);
                drop(image);
                wait_for(&taken, round);
            }
        });
        let request = ReserveRequest::new(PAGE, PAGE);
        let take = |round: u64| {
            wait_for(&idle, round);
            // Sometimes early, sometimes late.
            (0..round % 100).for_each(|_| hint::spin_loop());
            let found = Region::new(&pool, &request).is_ok();
            taken.store(round, Release);
            found
        };
        (1..=ROUNDS).filter(|round| !take(*round)).count()
    });
    assert_eq!(missing, 0, "times the slot was idle, and could not be had");
    assert_eq!(pool.statistics().reused, 2 * ROUNDS - 1);
}
