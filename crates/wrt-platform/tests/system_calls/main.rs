//! Refusals by the host: a memory's lifecycle runs under `strace`, which fails one system call
//! after the other, once and from then on. No memory exposes old contents, and only address space
//! may leak.
//!
//! `strace` cannot trace programs under an emulator, so this is for native programs.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

mod gaps;
mod handler;
mod idle;
mod tracer;

use core::num::NonZeroU64;
use std::fs;

use tracer::{BEGUN, DONE};
use wrt_platform::{
    MemoryImage, MmapAllocator, PageAllocator, PoolAllocator, PoolConfig, PoolLayout, Protection,
    Region, ReserveRequest,
};
use wrt_testkit::{ChildTest, Mappings};

/// The system calls of a memory's lifecycle.
const CALLS: [&str; 9] = [
    "mmap",
    "mprotect",
    "madvise",
    "munmap",
    "memfd_create",
    "ftruncate",
    "fcntl",
    "pwrite64",
    "ioctl",
];

const PAGE: u64 = 4096;
const SIZE: u64 = 32 * PAGE;
const GROWN: u64 = 48 * PAGE;
const IMAGE: u64 = 16 * PAGE;
/// Address of the second of two pieces of an image.
const APART: u64 = 300 * PAGE;
const POISON: u8 = 0xB6;

/// The expected bytes, for one comparison: the child runs some thousand times.
static ZEROES: [u8; GROWN as usize] = [0; GROWN as usize];

fn is_zero(bytes: &[u8]) -> bool {
    bytes == &ZEROES[..bytes.len()]
}

fn image() -> Option<MemoryImage> {
    MemoryImage::new(&[(IMAGE, &[0x2D; 3 * PAGE as usize])]).ok()
}

/// Checks the contents of a new memory: zeroes and the image.
fn expect_initial(region: &Region<&impl PageAllocator>, imaged: bool) {
    let bytes = region.data().unwrap();
    let (start, end) =
        if imaged { (IMAGE as usize, IMAGE as usize + 3 * PAGE as usize) } else { (0, 0) };
    assert!(is_zero(&bytes[..start]), "old contents");
    assert!(bytes[start..end].iter().all(|byte| *byte == 0x2D), "not the image");
    assert!(is_zero(&bytes[end..]), "old contents");
    region.verify().unwrap();
}

/// Checks that faults are exact or the memory is empty, and that exactly its bytes are accessible.
fn expect_guarantees(region: &Region<&impl PageAllocator>, exact: bool) {
    let given = region.guarantees().faults_exactly;
    assert!(given == exact || region.is_empty(), "a memory without its guarantee");
    assert!(!given || region.committed().get() == region.len(), "committed past the length");
    if given || !exact {
        region.verify().unwrap();
    }
}

fn discard(region: &mut Region<&impl PageAllocator>) {
    if region.discard(IMAGE, 2 * PAGE).is_ok() {
        let discarded = region.slice(IMAGE, 2 * PAGE).unwrap();
        assert!(is_zero(discarded), "a discarded range");
    }
    let _ = region.discard(20 * PAGE, 4 * PAGE);
}

fn grow(region: &mut Region<&impl PageAllocator>, exact: bool) {
    if region.grow_to(GROWN).is_ok() {
        let added = region.slice(SIZE, GROWN - SIZE).unwrap();
        assert!(is_zero(added), "grown over old contents");
        region.fill(SIZE, POISON, GROWN - SIZE).unwrap();
    }
    assert!(exact || !region.is_empty(), "a failed growth has emptied the memory");
    expect_guarantees(region, exact);
}

/// The lifecycle of one memory, in which any call may fail. Only granted operations are relied on.
fn live(allocator: &impl PageAllocator, image: Option<&MemoryImage>) {
    let unit = NonZeroU64::new(PAGE).unwrap();
    let request = ReserveRequest::new(SIZE, GROWN).unit(unit).name("refused");
    let request = image.map_or(request, |image| request.image(image));
    let Ok(mut region) = Region::new(allocator, &request) else { return };
    expect_initial(&region, image.is_some());
    let exact = region.guarantees().faults_exactly;
    for _ in 0..2 {
        region.data_mut().unwrap().fill(POISON);
        let protected = region.protect(5 * PAGE, 2 * PAGE, Protection::READ).is_ok();
        if protected {
            region.verify().unwrap();
            assert!(region.store(5 * PAGE, [1]).is_err() && region.load::<1>(5 * PAGE).is_ok());
        }
        discard(&mut region);
        grow(&mut region, exact);
        // A growth that failed and could not be undone.
        if region.is_empty() {
            match region.reset() {
                Ok(()) => continue,
                Err(_) => return,
            }
        }
        if region.protect(4 * PAGE, 8 * PAGE, Protection::READ_WRITE).is_ok() {
            region.fill(4 * PAGE, 1, 8 * PAGE).unwrap();
        }
        if region.reset().is_err() {
            assert!(region.is_empty(), "a failed reset shows something");
            expect_guarantees(&region, exact);
            if region.reset().is_err() {
                return;
            }
        }
        expect_initial(&region, image.is_some());
        expect_guarantees(&region, exact);
    }
    region.data_mut().unwrap().fill(POISON);
    let _ = region.protect(IMAGE, PAGE, Protection::empty());
}

/// A memory whose image is two mappings, of which either may be refused.
fn live_in_pieces(allocator: &impl PageAllocator) {
    let Ok(image) = MemoryImage::new(&[(9, b"near"), (APART, b"far")]) else { return };
    let mut expected = vec![0; (APART + PAGE) as usize];
    expected[9..13].copy_from_slice(b"near");
    expected[APART as usize..APART as usize + 3].copy_from_slice(b"far");
    let request = ReserveRequest::new(APART + PAGE, APART + PAGE).image(&image);
    let Ok(mut region) = Region::new(allocator, &request) else { return };
    assert!(region.data().unwrap() == expected, "not the image");
    region.data_mut().unwrap().fill(POISON);
    match region.reset() {
        Ok(()) => assert!(region.data().unwrap() == expected, "not the image"),
        Err(_) => assert!(region.is_empty(), "a failed reset shows something"),
    }
}

/// Several memories after each other, each of which would see leftovers of an earlier one.
fn live_again(allocator: &impl PageAllocator) {
    let first = image();
    live(allocator, first.as_ref());
    live(allocator, None);
    let second = image();
    live(allocator, second.as_ref());
    live(allocator, first.as_ref());
    live_in_pieces(allocator);
    live(allocator, None);
}

fn whole_life(backend: &str) {
    match backend {
        "mmap" => live_again(&MmapAllocator::new()),
        "pool" => {
            let layout = PoolLayout::SmallGuard;
            let config = PoolConfig::new(2, APART + PAGE).layout(layout);
            if let Ok(pool) = PoolAllocator::new(&config) {
                live_again(&pool);
            }
        }
        "dense" => {
            let config = PoolConfig::new(2, APART + PAGE).layout(PoolLayout::Dense);
            if let Ok(pool) = PoolAllocator::new(&config) {
                live_again(&pool);
            }
        }
        other => panic!("no backend {other}"),
    }
}

/// Anonymous pages in physical memory, in bytes (`proc(5)`, `/proc/self/status`).
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Makes more calls than the main thread has made at the program's start. The tracer counts the
/// calls of each thread, and must not fail those.
fn outnumber_the_main_thread() {
    for _ in 0..32 {
        Region::new(MmapAllocator::new(), &ReserveRequest::new(SIZE, SIZE)).unwrap();
    }
}

/// In the child: the lifecycle, between two lines. A refused `munmap` leaks only address space;
/// after any other refusal nothing is lost.
fn child(case: &str) {
    let (backend, call) = case.split_once(' ').unwrap();
    // Whatever the program and its heap need for themselves, they need before.
    drop(vec![1_u8; 4 << 20]);
    outnumber_the_main_thread();
    whole_life(backend);
    let before = (Mappings::of_process().unwrap(), resident());
    println!("{BEGUN}");
    whole_life(backend);
    let after = (Mappings::of_process().unwrap(), resident());
    if call == "munmap" {
        let lost = after.1.saturating_sub(before.1);
        assert!(lost < SIZE, "{lost} bytes of physical memory were lost");
    } else {
        assert_eq!(after.0.accessible_bytes(), before.0.accessible_bytes(), "pages were lost");
        assert_eq!(after.0.bytes(), before.0.bytes(), "address space was lost");
    }
    println!("{DONE}");
}

/// Fails each call of the lifecycle on `backend`, once, twice in a row, and from then on.
fn every_call_fails(test: &str, backend: &str) {
    if let Some(case) = ChildTest::new(test).case() {
        return child(&case);
    }
    if tracer::is_blind() {
        return;
    }
    let (mut runs, mut failed) = (0, 0);
    for call in CALLS {
        let case = format!("{backend} {call}");
        let usual = tracer::run(test, &case, &[call], &[]);
        usual.expect_success(&case);
        let first = usual.early(call) + 1;
        for pattern in ["N", "N..M", "N+"] {
            for number in first.. {
                let when = pattern.replace('N', &number.to_string());
                let when = when.replace('M', &(number + 1).to_string());
                let seen = tracer::run(test, &case, &[call], &[(call, &when)]);
                assert_eq!(seen.failed_early(), 0, "{call} {number} came before the life");
                seen.expect_success(&format!("{case} failing {when}"));
                if seen.failed() == 0 {
                    break;
                }
                runs += 1;
                failed += seen.failed();
            }
        }
    }
    println!("{backend}: {runs} lives, {failed} system calls failed in them, nothing lost");
    assert!(runs > 2 * CALLS.len(), "{runs} runs are not every call");
}

macro_rules! on_backends {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            every_call_fails(stringify!($name), stringify!($name));
        }
    )*};
}

on_backends!(mmap pool dense);
