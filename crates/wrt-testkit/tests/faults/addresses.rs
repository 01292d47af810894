//! Faults in the arithmetic of addresses.

use wrt_instructions::{MemArg, i32_load8_u, i64_load, i64_store, memory_fill, memory_grow};
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

/// Memories larger than 4 GiB exist where the host gives pages lazily.
#[cfg(all(unix, target_pointer_width = "64"))]
mod large {
    use wrt_platform::{CommitPolicy, MmapAllocator};
    use wrt_runtime::MemoryBuilder;

    use super::*;

    /// Every address there is: the carry of a 33-bit sum leads nowhere but out of bounds.
    #[test]
    fn f01_the_whole_32_bit_range() {
        let ty = MemoryType::wasm32(65536, None).unwrap();
        let builder = MemoryBuilder::new(ty).commit(CommitPolicy::Exact);
        let mut memory = builder.allocate(MmapAllocator::new()).unwrap();
        let corners = wrt_testkit::corners(1 << 32);
        let corners: Vec<u32> = corners.into_iter().filter_map(|c| c.try_into().ok()).collect();
        for &base in &corners {
            for &offset in &corners {
                let ea = u64::from(base) + u64::from(offset);
                let arg = MemArg::offset(offset.into());
                let fits = ea + 8 <= 1 << 32;
                let value = (ea + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) as i64;
                assert_eq!(i64_store(&mut memory, arg, base, value).is_ok(), fits, "{ea:#x}");
                if fits {
                    assert_eq!(i64_load(&memory, arg, base), Ok(value), "{ea:#x}");
                    // As it lies on a stack of signed numbers.
                    assert_eq!(i64_load(&memory, arg, base as i32), Ok(value), "{ea:#x}");
                    let there = memory.get_safe_slice(ea, 8).unwrap();
                    assert_eq!(&*there, value.to_le_bytes(), "{ea:#x}");
                } else {
                    assert_eq!(i64_load(&memory, arg, base), Err(Trap::OutOfBounds), "{ea:#x}");
                    let signed = i64_load(&memory, arg, base as i32);
                    assert_eq!(signed, Err(Trap::OutOfBounds), "{ea:#x}");
                }
            }
        }
    }

    #[test]
    fn f15_memories_above_4_gib() {
        const HIGH: u64 = 1 << 32;
        let ty = MemoryType::wasm64(5 << 14, Some(6 << 14)).unwrap();
        let builder = MemoryBuilder::new(ty).commit(CommitPolicy::Exact);
        let mut memory = builder.allocate(MmapAllocator::new()).unwrap();
        assert_eq!(memory.byte_len(), 5 << 30);
        i64_store(&mut memory, MemArg::offset(HIGH), 100_u64, -2).unwrap();
        assert_eq!(i64_load(&memory, MemArg::offset(100), HIGH), Ok(-2));
        assert_eq!(i64_load(&memory, MemArg::offset(0), 100_u64), Ok(0), "32 bits below");
        memory.memory_copy(8, HIGH + 100, 8).unwrap();
        assert_eq!(i64_load(&memory, MemArg::offset(0), 8_u64), Ok(-2));
        memory.memory_copy(HIGH + 4096, 8, 8).unwrap();
        memory.memory_fill(HIGH + 4100, 0, 2).unwrap();
        assert_eq!(i64_load(&memory, MemArg::offset(0), HIGH + 4096), Ok(!0x0000_FFFF_0000_0001));
        assert_eq!(memory.get_safe_slice(1, HIGH + 5).unwrap().len() as u64, HIGH + 5);
        memory.check(0, 5 << 30).unwrap();
        assert_eq!(memory.check(1, 5 << 30), Err(Trap::OutOfBounds));
        assert_eq!(memory.grow(1).unwrap(), 5 << 14);
        let last = memory.byte_len() - 8;
        assert_eq!(i64_load(&memory, MemArg::offset(0), last), Ok(0));
        assert_eq!(i64_load(&memory, MemArg::offset(1), last), Err(Trap::OutOfBounds));
        assert_eq!(memory.peak_memory(), (5 << 30) + 65536);
    }

    /// The range is longer than 32 bits can say, and ends above them.
    #[test]
    fn f15_discarding_more_than_4_gib() {
        use wrt_platform::{Region, ReserveRequest};
        let mut region =
            Region::new(MmapAllocator::new(), &ReserveRequest::new(5 << 30, 5 << 30)).unwrap();
        for address in [0, 5000, 1 << 32, (5 << 30) - 1] {
            region.store(address, [0xB6]).unwrap();
        }
        region.discard(5000, (5 << 30) - 5001).unwrap();
        assert_eq!(region.load(0), Ok([0xB6]));
        assert_eq!(region.load(5000), Ok([0]));
        assert_eq!(region.load(1 << 32), Ok([0]));
        assert_eq!(region.load((5 << 30) - 1), Ok([0xB6]));
        region.reset().unwrap();
        assert_eq!(region.load((5 << 30) - 1), Ok([0]));
    }
}
