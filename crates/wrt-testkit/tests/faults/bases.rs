//! Known bugs around the base: before it, past the capacity, and after a move.

use wrt_instructions::{MemArg, i32_load, i32_store};
use wrt_platform::{Capabilities, HeapAllocator, PageAllocator, for_each_backend};
use wrt_runtime::{LinearMemory, MemoryType, Observer};

/// Every byte keeps its value when the memory moves, and the old location is not used: the address
/// sanitizer checks the rest.
fn f10_growth(allocator: impl PageAllocator) {
    let ty = MemoryType::wasm32(1, Some(48)).unwrap();
    let mut memory = LinearMemory::new(&allocator, ty).unwrap();
    for page in 0..48_u32 {
        i32_store(&mut memory, MemArg::offset(65532), page << 16, !(page as i32)).unwrap();
        // Something else takes the place that a moved memory leaves.
        let mut other = LinearMemory::new(&allocator, MemoryType::wasm32(1, Some(1)).unwrap());
        if let Ok(other) = &mut other {
            other.data_mut().unwrap().fill(0xB6);
        }
        for written in 0..=page {
            let value = i32_load(&memory, MemArg::offset(65532), written << 16);
            assert_eq!(value, Ok(!(written as i32)), "page {written} of {page}");
        }
        assert_eq!(memory.grow(1).is_ok(), page < 47);
        // A base that stayed behind shows here, before anything is done through it.
        memory.verify_integrity().unwrap();
        drop(other);
    }
}

/// A host function that may grow the memory that the caller has in its registers.
fn host_call<P: PageAllocator, O: Observer>(memory: &mut LinearMemory<P, O>) {
    memory.grow(1).unwrap();
}

/// Compiled code keeps base and length while the epoch is unchanged.
fn f11_views(allocator: impl PageAllocator) -> bool {
    let ty = MemoryType::wasm32(1, Some(40)).unwrap();
    let mut memory = LinearMemory::new(&allocator, ty).unwrap();
    let mut cached = memory.view();
    let mut moved = false;
    for call in 0..39 {
        memory.write(call * 65536 + 7, &[call as u8 + 1]).unwrap();
        host_call(&mut memory);
        let fresh = memory.view();
        if fresh.epoch == cached.epoch {
            assert_eq!(fresh.base, cached.base, "the base moved and the epoch did not say so");
        }
        moved |= fresh.base != cached.base;
        assert!(fresh.len > cached.len, "the old length allows less, never more");
        assert_eq!(fresh.base.as_ptr().addr(), memory.data().unwrap().as_ptr().addr());
        assert_eq!(memory.data().unwrap()[call as usize * 65536 + 7], call as u8 + 1);
        cached = fresh;
    }
    memory.reset().unwrap();
    let fresh = memory.view();
    assert_ne!(fresh.epoch, cached.epoch, "the memory is shorter now");
    assert_eq!(fresh.len, 65536);
    if allocator.capabilities().contains(Capabilities::STABLE_BASE) {
        assert!(!moved);
    }
    moved
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn f10_growth_leaves_nothing_behind() {
                super::f10_growth($new);
            }

            #[test]
            fn f11_a_host_call_that_grows_tells_the_caller() {
                super::f11_views($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);

#[test]
fn f11_the_heap_does_move() {
    assert!(f11_views(HeapAllocator::new()), "or the tests above show nothing");
}
