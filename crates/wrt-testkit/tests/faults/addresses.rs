//! Known bugs in address arithmetic.

use wrt_instructions::{MemArg, i32_load8_u, memory_fill, memory_grow};
use wrt_platform::{HeapAllocator, PageAllocator, for_each_backend};
use wrt_runtime::{GuestMemory, IndexType, LinearMemory, MemoryType, PageSize, Trap};
use wrt_testkit::check_addresses;

/// Lengths on either side of the widest access and of a host page.
const LENGTHS: [u64; 4] = [0, 15, 17, 4097];

fn oracle(allocator: impl PageAllocator, index: IndexType) {
    let mut cases = 0;
    for len in LENGTHS {
        let ty = MemoryType::new(index, PageSize::One, len, Some(len)).unwrap();
        let mut memory = LinearMemory::new(&allocator, ty).unwrap();
        cases += check_addresses(&mut memory).unwrap();
        memory.verify_integrity().unwrap();
    }
    assert!(cases >= 1_000_000, "only {cases} accesses were made");
}

fn f14_minus_one(allocator: impl PageAllocator) {
    let mut memory =
        LinearMemory::new(&allocator, MemoryType::wasm32(1, Some(1)).unwrap()).unwrap();
    let failed = memory_grow(&mut memory, 1);
    assert_eq!(failed, u64::from(u32::MAX));
    let arg = MemArg::offset(0);
    assert_eq!(i32_load8_u(&memory, arg, failed as u32), Err(Trap::OutOfBounds));
    assert_eq!(i32_load8_u(&memory, MemArg::offset(1), failed as u32), Err(Trap::OutOfBounds));
    assert_eq!(memory_fill(&mut memory, failed, 0, 1), Err(Trap::OutOfBounds));
    assert_eq!(memory_grow(&mut memory, failed), failed, "as a number of pages");
    let mut memory =
        LinearMemory::new(&allocator, MemoryType::wasm64(1, Some(1)).unwrap()).unwrap();
    let failed = memory_grow(&mut memory, 1);
    assert_eq!(failed, u64::MAX);
    assert_eq!(i32_load8_u(&memory, arg, failed), Err(Trap::OutOfBounds));
    assert_eq!(i32_load8_u(&memory, MemArg::offset(1), failed), Err(Trap::OutOfBounds));
    assert_eq!(memory_fill(&mut memory, failed, 0, failed), Err(Trap::OutOfBounds));
    assert_eq!(memory_grow(&mut memory, failed), failed);
    assert_eq!(memory.size(), 1);
}

/// A length that is small once its high half is gone.
fn f15_long_lengths(allocator: impl PageAllocator) {
    const LONG: u64 = (1 << 32) + 4;
    let ty = MemoryType::wasm64(1, Some(2)).unwrap();
    let mut memory = LinearMemory::new(&allocator, ty).unwrap();
    let other = LinearMemory::new(HeapAllocator::new(), ty).unwrap();
    memory.write(0, b"untouched").unwrap();
    let segment = vec![7; 64];
    let outcomes = [
        memory.memory_fill(0, 1, LONG),
        memory.memory_fill(1 << 32, 1, 4),
        memory.memory_copy(0, 16, LONG),
        memory.memory_copy(1 << 32, 16, 4),
        memory.memory_copy(0, 1 << 32, 4),
        memory.memory_copy_from(0, &other, 0, LONG),
        memory.memory_copy_from(0, &other, 1 << 32, 4),
        memory.memory_init(0, &segment, 0, LONG),
        memory.memory_init(0, &segment, 1 << 32, 4),
        memory.check(0, LONG),
        memory.check(1 << 32, 0),
    ];
    assert_eq!(outcomes, [Err(Trap::OutOfBounds); 11]);
    assert!(memory.get_safe_slice(0, LONG).is_err());
    assert!(memory.seal(0..LONG).is_err());
    assert_eq!(&*memory.get_safe_slice(0, 9).unwrap(), b"untouched");
    assert!(memory.grow(LONG).is_err());
    assert_eq!(memory.size(), 1);
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            use super::IndexType;

            #[test]
            fn f01_f02_addresses_of_32_bit_memories() {
                super::oracle($new, IndexType::I32);
            }

            #[test]
            fn f01_f02_addresses_of_64_bit_memories() {
                super::oracle($new, IndexType::I64);
            }

            #[test]
            fn f14_a_failed_growth_is_no_address() {
                super::f14_minus_one($new);
            }

            #[test]
            fn f15_lengths_keep_their_high_half() {
                super::f15_long_lengths($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
