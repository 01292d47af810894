//! Hosts whose whole address space is smaller than the largest memory.
#![cfg(target_pointer_width = "32")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

use std::sync::{Mutex, MutexGuard, PoisonError};

use wrt_platform::{
    AllocErrorKind, CommitPolicy, FallbackReason, GuardLevel, HeapAllocator, MmapAllocator,
    PageAllocator, Region, ReserveRequest,
};
use wrt_runtime::{LinearMemory, MemoryBuilder, MemoryError, MemoryType};

const GIB: u64 = 1 << 30;

/// Lock of tests, since each needs the whole address space.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The declared maximum of 4 GiB is a limit and no reservation.
#[test]
fn a_maximum_beyond_the_host_reserves_a_part() {
    let _alone = alone();
    let ty = MemoryType::wasm32(1, None).unwrap();
    // Full guards are wanted where all pages past the length fault.
    let exact = MemoryBuilder::new(ty).commit(CommitPolicy::Exact);
    let mut memory = exact.allocate(MmapAllocator::new()).unwrap();
    assert_eq!(memory.region().limit(), 4 * GIB);
    let reservation = memory.region().reservation();
    assert_eq!(reservation.guard_level(), GuardLevel::SmallGuard);
    assert_eq!(reservation.fallback().map(|less| less.reason), Some(FallbackReason::AddressSpace));
    let capacity = memory.region().capacity();
    assert_eq!(capacity, ReserveRequest::DEFAULT_RESERVATION);
    assert!(capacity <= GIB / 4, "{capacity} bytes of an address space of 4 GiB");
    memory.grow(capacity / 65536 - 1).unwrap();
    memory.write(capacity - 1, &[7]).unwrap();
    let error = memory.grow(1).unwrap_err();
    assert!(error.to_string().ends_with("(268435456 bytes were possible)"), "{error}");
    let ahead = LinearMemory::new(MmapAllocator::new(), ty).unwrap();
    let reservation = ahead.region().reservation();
    assert_eq!((reservation.guard_level(), reservation.fallback()), (GuardLevel::SmallGuard, None));
}

fn refused(allocator: impl PageAllocator) {
    for pages in [32768, 65535, 65536] {
        let ty = MemoryType::wasm32(pages, None).unwrap();
        let error = LinearMemory::new(&allocator, ty).unwrap_err();
        let MemoryError::Platform { cause: error, .. } = error else { panic!("{error}") };
        assert_eq!(error.kind, AllocErrorKind::AddressSpace);
        assert_eq!(error.requested, pages * 65536);
        assert_eq!(error.possible, Some(allocator.page().round_down(u64::MAX).as_u64()));
    }
}

#[test]
fn what_the_host_cannot_address_is_refused() {
    let _alone = alone();
    refused(MmapAllocator::new());
    refused(HeapAllocator::new());
}

/// Memories share the address space: later ones get less, finally none, and live memories are not
/// affected.
#[test]
fn a_full_address_space_is_told() {
    let _alone = alone();
    let request = ReserveRequest::new(65536, 4 * GIB).reservation(GIB);
    let mut memories = Vec::new();
    let error = loop {
        match Region::new(MmapAllocator::new(), &request) {
            Ok(mut region) => {
                region.data_mut().unwrap().fill(0xB6);
                memories.push(region);
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(error.kind, AllocErrorKind::Os(_)), "{error}");
    assert_eq!(error.requested, 65536);
    let [first, .., last] = &memories[..] else { panic!("{} memories", memories.len()) };
    assert_eq!(first.capacity(), GIB);
    assert!(last.capacity() < GIB, "{last:?}");
    let fallback = last.reservation().fallback().unwrap();
    assert!(fallback.wanted >= GIB, "{fallback:?}");
    let mut taken = 0;
    for region in &memories {
        assert!(region.data().unwrap().iter().all(|byte| *byte == 0xB6));
        region.verify().unwrap();
        taken += region.capacity();
    }
    assert!(taken < 4 * GIB, "{taken} bytes were reserved");
    drop(memories);
    Region::new(MmapAllocator::new(), &request).unwrap();
}
