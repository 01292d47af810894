//! Hosts with little room: a limited address space, a limit on writable memory.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

use wrt_platform::{
    AllocErrorKind, CommitPolicy, FallbackReason, GuardLevel, HeapAllocator, MmapAllocator,
    OsError, PageAllocator,
};
use wrt_runtime::{GrowErrorCause, LinearMemory, MemoryBuilder, MemoryError, MemoryType};
use wrt_testkit::{ChildTest, Ending};

const GIB: u64 = 1 << 30;

/// `ENOMEM`
const NO_MEMORY: OsError = OsError(12);

/// Runs the rest of the test in a child, once; returns whether this is the child.
fn in_child(child: ChildTest) -> bool {
    if child.case().is_some() {
        return true;
    }
    let (ending, output) = child.run("limited").unwrap();
    assert_eq!(ending, Ending::Success, "{output}");
    false
}

/// A limit with room for an emulator's own needs, but not for the memories of the tests.
const ADDRESS_SPACE: u64 = 2 * GIB;

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().count()
}

#[test]
fn a_small_address_space_gives_a_smaller_reservation() {
    let name = "a_small_address_space_gives_a_smaller_reservation";
    if !in_child(ChildTest::new(name).limit_address_space(ADDRESS_SPACE)) {
        return;
    }
    let ty = MemoryType::wasm32(1, None).unwrap();
    let mut memory = LinearMemory::new(MmapAllocator::new(), ty).unwrap();
    let reservation = *memory.region().reservation();
    assert_eq!(reservation.guard_level(), GuardLevel::SmallGuard);
    let fallback = reservation.fallback().unwrap();
    let wanted = if usize::BITS < 64 { 0..GIB } else { 4 * GIB..5 * GIB };
    assert!(wanted.contains(&fallback.wanted), "{fallback:?}");
    if !ChildTest::is_emulated() {
        let reason = FallbackReason::AddressSpaceLimit { limit: ADDRESS_SPACE };
        assert_eq!(fallback.reason, reason);
    }
    memory.write(0, b"kept").unwrap();
    let capacity = memory.region().capacity();
    assert!((1 << 20..ADDRESS_SPACE).contains(&capacity), "{capacity}");
    memory.grow(capacity / 65536 - 1).unwrap();
    let before = memory.view();
    let error = memory.grow(1).unwrap_err();
    assert_eq!(memory.view(), before);
    let (pages, bytes) = (capacity / 65536, capacity + 65536);
    assert_eq!(
        error.to_string(),
        format!(
            "cannot grow a memory of {pages} pages by 1: cannot commit {bytes} bytes: beyond what \
             the memory has reserved ({capacity} bytes were possible)"
        )
    );
    assert_eq!(&memory.data().unwrap()[..4], b"kept");
    memory.verify_integrity().unwrap();
}

/// Memories that do not fit are refused with the limit and the host's cause, a thousand times
/// without a leak, and live memories are not affected.
#[test]
fn what_does_not_fit_is_refused() {
    let child = ChildTest::new("what_does_not_fit_is_refused");
    if !in_child(child.limit_address_space(ADDRESS_SPACE)) {
        return;
    }
    let small = MemoryType::wasm32(4, Some(4)).unwrap();
    let mut memory = LinearMemory::new(MmapAllocator::new(), small).unwrap();
    memory.data_mut().unwrap().fill(0xB6);
    let large = MemoryType::wasm32(65536, None).unwrap();
    let refused = || LinearMemory::new(MmapAllocator::new(), large).unwrap_err();
    let MemoryError::Platform { cause: error, .. } = refused() else { panic!("{}", refused()) };
    assert_eq!(error.kind, AllocErrorKind::Os(NO_MEMORY));
    assert_eq!(error.requested, 4 * GIB);
    if !ChildTest::is_emulated() {
        assert_eq!(
            error.to_string(),
            "cannot reserve 4294967296 bytes: Cannot allocate memory (os error 12) (2147483648 \
             bytes were possible)"
        );
    }
    let before = mappings();
    for _ in 0..1000 {
        refused();
    }
    assert_eq!(mappings(), before, "refused memories leave mappings behind");
    assert!(memory.data().unwrap().iter().all(|byte| *byte == 0xB6));
    memory.verify_integrity().unwrap();
}

#[test]
fn the_heap_refuses_what_does_not_fit() {
    let child = ChildTest::new("the_heap_refuses_what_does_not_fit");
    // The heap writes what it gives, so this is physical memory too.
    if ChildTest::is_emulated() || !in_child(child.limit_address_space(GIB / 4)) {
        return;
    }
    let large = MemoryType::wasm32(65536, None).unwrap();
    let error = LinearMemory::new(HeapAllocator::new(), large).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot commit 4294967296 bytes: no free run of that size is left"
    );
    grow_until_refused(HeapAllocator::new(), AllocErrorKind::Exhausted, CommitPolicy::Exact);
    grow_until_refused(HeapAllocator::new(), AllocErrorKind::Exhausted, CommitPolicy::Ahead);
}

/// The host refuses pages of a reservation that has room for them. The emulator does not pass this
/// limit on.
#[test]
fn a_refused_commit_leaves_the_memory_as_it_was() {
    let child = ChildTest::new("a_refused_commit_leaves_the_memory_as_it_was");
    if ChildTest::is_emulated() || !in_child(child.limit_writable_memory(GIB / 4)) {
        return;
    }
    let refusal = AllocErrorKind::Os(NO_MEMORY);
    let exact = grow_until_refused(MmapAllocator::new(), refusal, CommitPolicy::Exact);
    let ahead = grow_until_refused(MmapAllocator::new(), refusal, CommitPolicy::Ahead);
    assert_eq!(exact, ahead, "a chunk that is refused gives way to what is needed");
}

/// Grows in steps of 16 MiB until the host refuses, and returns the size reached.
fn grow_until_refused(
    allocator: impl PageAllocator,
    refusal: AllocErrorKind,
    policy: CommitPolicy,
) -> u64 {
    const STEP: u64 = 256;
    let ty = MemoryType::wasm32(1, None).unwrap();
    let mut memory = MemoryBuilder::new(ty).commit(policy).allocate(allocator).unwrap();
    memory.data_mut().unwrap().fill(0xB6);
    loop {
        let before = (memory.view(), memory.peak_memory());
        let Err(error) = memory.grow(STEP) else { continue };
        let GrowErrorCause::Platform(cause) = error.cause else { panic!("{error}") };
        assert_eq!(cause.kind, refusal);
        assert_eq!(cause.requested, memory.byte_len() + STEP * 65536);
        assert_eq!((memory.view(), memory.peak_memory()), before);
        assert!(memory.data().unwrap()[..65536].iter().all(|byte| *byte == 0xB6));
        memory.write(memory.byte_len() - 1, &[1]).unwrap();
        memory.verify_integrity().unwrap();
        return memory.size();
    }
}
