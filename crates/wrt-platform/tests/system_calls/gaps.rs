//! A mapping that fails after the host has unmapped the old one, as in kernels before 6.13 when
//! they run out of memory, where the host cannot close the gap either. The tracer fails the calls;
//! the test itself frees the addresses and maps something else there.
#![allow(unsafe_code, reason = "a mapping at the addresses of another")]

use std::ptr;
use std::slice;

use wrt_platform::{MmapAllocator, PoolAllocator, PoolConfig, PoolLayout, Region, ReserveRequest};
use wrt_testkit::{ChildTest, Mappings};

use crate::tracer::{self, BEGUN, DONE};
use crate::{GROWN, IMAGE, POISON, SIZE, image, outnumber_the_main_thread};

/// Bytes of the image, in whole pages.
const LEN: usize = 3 << 12;

/// Takes the addresses for other code, to which the host has given them.
fn take_over(address: usize) -> &'static mut [u8] {
    let start = ptr::with_exposed_provenance_mut(address);
    // SAFETY: by the tracer's word the pages were unmapped; here they are.
    assert_eq!(unsafe { libc::munmap(start, LEN) }, 0);
    let rights = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: this replaces no mapping.
    let mapped = unsafe { libc::mmap(start, LEN, rights, flags, -1, 0) };
    assert_eq!(mapped, start);
    // SAFETY: the mapping is as long and of this function alone.
    unsafe { slice::from_raw_parts_mut(mapped.cast(), LEN) }
}

/// The slot's image cannot be unmapped: the pool retires the slot, and never touches later mappings
/// there.
fn in_a_pool() {
    let image = image().unwrap();
    let config = PoolConfig::new(2, GROWN).layout(PoolLayout::SmallGuard);
    let pool = PoolAllocator::new(&config).unwrap();
    let request = ReserveRequest::new(SIZE, GROWN);
    let imaged = Region::new(&pool, &request.image(&image)).unwrap();
    let base = imaged.reservation().base().as_ptr().expose_provenance();
    let _other = Region::new(&pool, &request).unwrap();
    drop(imaged);
    println!("{BEGUN}");
    Region::new(&pool, &request).unwrap_err();
    let foreign = take_over(base + IMAGE as usize);
    foreign.fill(POISON);
    assert_eq!(pool.statistics().retired, 1);
    drop(_other);
    drop(pool);
    assert!(foreign.iter().all(|byte| *byte == POISON), "the pool has dropped another's pages");
    println!("{DONE}");
}

/// The image cannot be mapped over a new reservation, which is unmapped except for the gap.
fn in_a_reservation() {
    let image = image().unwrap();
    let before = Mappings::of_process().unwrap().bytes();
    println!("{BEGUN}");
    let request = ReserveRequest::new(SIZE, GROWN).image(&image);
    let refused = Region::new(MmapAllocator::new(), &request).map(|region| region.len());
    refused.unwrap_err();
    let after = Mappings::of_process().unwrap().bytes();
    assert_eq!(after - before, LEN as u64, "what is no gap was lost, or the gap was touched");
    println!("{DONE}");
}

/// Fails the `nth` mapping of the lifecycle, the one that would close the gap, and the call that
/// probes for a gap.
fn expect_given_up(test: &str, nth: usize, life: fn()) {
    let name = format!("gaps::{test}");
    if ChildTest::new(&name).case().is_some() {
        outnumber_the_main_thread();
        return life();
    }
    if tracer::is_blind() {
        return;
    }
    let calls = ["mmap", "msync"];
    let first = tracer::run(&name, test, &calls, &[]).early("mmap") + nth;
    let when = format!("{first}..{}", first + 1);
    let seen = tracer::run(&name, test, &calls, &[("mmap", &when), ("msync", "")]);
    seen.expect_success(test);
    assert_eq!((seen.failed_early(), seen.failed()), (0, 3), "other calls than those were failed");
}

#[test]
fn a_slot_with_a_gap_is_given_up() {
    expect_given_up("a_slot_with_a_gap_is_given_up", 1, in_a_pool);
}

#[test]
fn a_reservation_with_a_gap_is_given_up() {
    expect_given_up("a_reservation_with_a_gap_is_given_up", 2, in_a_reservation);
}
