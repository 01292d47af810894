//! A dropped memory leaves nothing. One test alone in its process, since it counts the allocations
//! of its thread and the mappings of the process.
#![allow(unsafe_code, reason = "a global allocator that counts")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use wrt_platform::{HeapAllocator, MemoryImage, PageAllocator, Protection, StaticArena};
use wrt_runtime::{MemoryBuilder, MemoryType};
use wrt_testkit::for_each_failure;

/// The system's allocator with a count of the thread's bytes: the test harness has another thread,
/// which allocates at any time.
struct Counted;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator unchanged; the count is a cell without
// a destructor, so counting allocates nothing.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.set(ALLOCATED.get().wrapping_add(layout.size()));
        // SAFETY: the caller keeps this very contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.set(ALLOCATED.get().wrapping_sub(layout.size()));
        // SAFETY: the caller keeps this very contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// The lifecycle of a memory.
fn live(allocator: impl PageAllocator) -> Result<(), String> {
    let ty = MemoryType::wasm32(1, Some(6)).unwrap();
    let image = MemoryImage::new(&[(4096, &[7; 100])]).map_err(|error| error.to_string())?;
    let builder = MemoryBuilder::new(ty).image(&image).inaccessible_prefix(64).name("leaks?");
    let Ok(mut memory) = builder.allocate(allocator) else { return Ok(()) };
    let _ = memory.protect(5000..20_000, Protection::READ);
    let _ = memory.discard(30_000..60_000);
    for _ in 0..4 {
        let _ = memory.grow(1);
    }
    let _ = memory.grow(9);
    let _ = memory.protect(0..100_000, Protection::empty());
    let _ = memory.reset();
    let _ = memory.grow(3);
    Ok(())
}

/// Runs many lifecycles, undisturbed and with every failure, and returns the rise of `measure`.
fn rise(allocator: impl PageAllocator, measure: impl Fn() -> usize) -> usize {
    live(&allocator).unwrap();
    let before = measure();
    for _ in 0..300 {
        live(&allocator).unwrap();
    }
    for_each_failure(&allocator, |faulty| live(faulty)).unwrap();
    measure().wrapping_sub(before)
}

#[test]
fn nothing_leaks() {
    let allocated = || ALLOCATED.get();
    assert_eq!(rise(HeapAllocator::new(), allocated), 0, "bytes of the heap");

    static ARENA: StaticArena<{ 1 << 20 }> = StaticArena::new();
    let held = || (1 << 20) - ARENA.free_bytes() + ARENA.memories();
    assert_eq!(rise(&ARENA, held), 0, "bytes of the arena");
    assert_eq!(held(), 0);

    #[cfg(target_os = "linux")]
    {
        let mapped = || std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
        assert_eq!(rise(wrt_platform::MmapAllocator::new(), mapped), 0, "mappings");
        for _ in 0..10_000 {
            let ty = MemoryType::wasm32(1, Some(2)).unwrap();
            drop(MemoryBuilder::new(ty).allocate(wrt_platform::MmapAllocator::new()).unwrap());
        }
    }
}
