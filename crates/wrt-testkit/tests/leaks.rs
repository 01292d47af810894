//! Nothing is left of a memory that is gone. One test alone in its process, which counts all that
//! the process allocates and maps.
#![allow(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use wrt_platform::{HeapAllocator, PageAllocator, StaticArena};
use wrt_runtime::{LinearMemory, MemoryType};
use wrt_testkit::for_each_failure;

/// The system's allocator, with the bytes that are allocated counted.
struct Counted(AtomicUsize);

// SAFETY: every call is handed on to the system's allocator unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller keeps this very contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.0.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps this very contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATED: Counted = Counted(AtomicUsize::new(0));

/// A memory's whole life.
fn live(allocator: impl PageAllocator) -> Result<(), String> {
    let ty = MemoryType::wasm32(1, Some(6)).unwrap();
    let Ok(mut memory) = LinearMemory::new(allocator, ty) else { return Ok(()) };
    for _ in 0..4 {
        let _ = memory.grow(1);
    }
    let _ = memory.grow(9);
    let _ = memory.reset();
    let _ = memory.grow(3);
    Ok(())
}

/// Lives many lives, undisturbed and with every failure, and says by how much `measure` rose.
fn rise(allocator: impl PageAllocator, measure: impl Fn() -> usize) -> usize {
    live(&allocator).unwrap();
    let before = measure();
    for _ in 0..300 {
        live(&allocator).unwrap();
    }
    for_each_failure(&allocator, |faulty| live(faulty)).unwrap();
    measure() - before
}

#[test]
fn nothing_leaks() {
    let allocated = || ALLOCATED.0.load(Relaxed);
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
            drop(LinearMemory::new(wrt_platform::MmapAllocator::new(), ty).unwrap());
        }
    }
}
