//! Reports of every kind of fault, in processes that end by it.
#![allow(unsafe_code, reason = "faults of every kind")]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process;
use std::ptr;

use libc::{MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ, PROT_WRITE};
use wrt_platform::{
    AltStack, CommitPolicy, FaultHandler, FaultRegistration, MemoryExtent, MmapAllocator, Region,
    ReserveRequest, TrapAction, TrapContext,
};
use wrt_testkit::{ChildTest, Ending};

const PAGES: usize = 64 << 10;

fn say(trap: &mut TrapContext<'_>) -> TrapAction {
    trap.report().print_to_stderr();
    TrapAction::Decline
}

/// Maps two times 64 KiB, of a file or anonymous.
fn map(file: Option<&File>) -> *mut u8 {
    let (flags, fd) = match file {
        Some(file) => (MAP_SHARED, file.as_raw_fd()),
        None => (MAP_PRIVATE | MAP_ANONYMOUS, -1),
    };
    let rights = PROT_READ | PROT_WRITE;
    // SAFETY: a new mapping at an address of the host's choosing disturbs nobody.
    let base = unsafe { libc::mmap(ptr::null_mut(), 2 * PAGES, rights, flags, fd, 0) };
    assert_ne!(base, libc::MAP_FAILED);
    base.cast()
}

fn read(base: *const u8, offset: isize) {
    // SAFETY: the byte is readable or the access faults, which ends this process.
    let byte = unsafe { base.wrapping_offset(offset).read_volatile() };
    println!("read {byte}");
}

fn of_a_region(offset: isize) {
    let request = ReserveRequest::new(PAGES as u64, 4 * PAGES as u64)
        .commit(CommitPolicy::Exact)
        .name("heap")
        .classify_faults();
    let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
    read(region.view().base.as_ptr(), offset);
}

/// A memory mapped and registered by its embedder.
fn by_hand(base: *mut u8) -> FaultRegistration {
    let base = base.addr();
    let extent = MemoryExtent { base, len: 2 * PAGES, capacity: 2 * PAGES, ..Default::default() };
    FaultRegistration::new(Some("by hand"), extent).unwrap()
}

fn protected() {
    let base = map(None);
    let mut registration = by_hand(base);
    registration.set_protected([0..0, PAGES..2 * PAGES]);
    let upper = base.wrapping_add(PAGES).cast();
    // SAFETY: nobody uses these bytes.
    assert_eq!(unsafe { libc::mprotect(upper, PAGES, PROT_NONE) }, 0);
    read(base, PAGES as isize + 16);
}

/// A mapping that is longer than its file.
fn bus_error() {
    let path = std::env::temp_dir().join(format!("wrt-bus-error-{}", process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    file.set_len(PAGES as u64).unwrap();
    let base = map(Some(&file));
    let _registration = by_hand(base);
    read(base, 0);
    read(base, PAGES as isize + 32);
}

const CASES: [(&str, i32, &str); 6] = [
    (
        "guard-before",
        libc::SIGSEGV,
        "memory \"heap\": access at -0x10, 16 bytes before the start (the guard before the memory)",
    ),
    (
        "guard-after",
        libc::SIGSEGV,
        "memory \"heap\": access at 0x4_2000, 204800 bytes past the end (the guard behind the \
         memory)",
    ),
    (
        "beyond-length",
        libc::SIGSEGV,
        "memory \"heap\": access at 0x1_2000, 8192 bytes past the end (reserved and not \
         accessible)",
    ),
    (
        "protected",
        libc::SIGSEGV,
        "memory \"by hand\": access at 0x1_0010, which is protected (protected)",
    ),
    (
        "bus-error",
        libc::SIGBUS,
        "memory \"by hand\": access at 0x1_0020, where the host cannot give the page (a page that \
         the host cannot give)",
    ),
    ("foreign", libc::SIGSEGV, ""),
];

/// The text, with the page in place of the byte where signals name only the page.
fn as_told_here(text: &str) -> String {
    if cfg!(not(target_arch = "s390x")) {
        return text.to_owned();
    }
    text.replace("access at", "access in the page at")
        .replace("-0x10, 16 bytes", "-0x1000, 4096 bytes")
        .replace("0x1_0010", "0x1_0000")
        .replace("0x1_0020", "0x1_0000")
}

#[test]
fn every_kind_is_reported_and_ends_the_process() {
    let child = ChildTest::new("kinds::every_kind_is_reported_and_ends_the_process");
    if let Some(case) = child.case() {
        let _stack = AltStack::new().unwrap();
        // SAFETY: printing a report takes no lock and no allocation.
        unsafe { FaultHandler::install(say) }.unwrap();
        match case.as_str() {
            "guard-before" => of_a_region(-16),
            "guard-after" => of_a_region(4 * PAGES as isize + 8192),
            "beyond-length" => of_a_region(PAGES as isize + 8192),
            "protected" => protected(),
            "bus-error" => bus_error(),
            "foreign" => read(ptr::null(), 4096),
            other => panic!("no case {other}"),
        }
        return;
    }
    if !crate::stacks_of_handlers_are_aligned() {
        return;
    }
    for (case, signal, text) in CASES {
        let elsewhere = cfg!(any(target_pointer_width = "32", target_arch = "s390x"));
        if signal == libc::SIGBUS && elsewhere && ChildTest::is_emulated() {
            eprintln!("skipped: qemu-user gives the host's address with SIGBUS, not the guest's");
            continue;
        }
        let (ending, output) = child.run(case).unwrap();
        assert_eq!(ending, Ending::Signal(signal), "{case}: {output}");
        match text {
            "" => assert!(!output.contains("memory"), "{case}: {output}"),
            text => assert!(output.contains(&as_told_here(text)), "{case}: {output}"),
        }
    }
}
