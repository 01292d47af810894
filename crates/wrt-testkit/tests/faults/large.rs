//! Known bugs in memories of 4 GiB and more, which exist where the host allocates pages lazily.
#![cfg(all(unix, target_pointer_width = "64"))]

use wrt_instructions::{MemArg, i64_load, i64_store};
use wrt_platform::{CommitPolicy, MmapAllocator, Region, ReserveRequest};
use wrt_runtime::{GuestMemory, MemoryBuilder, MemoryType, Trap};

/// Every 32-bit address: the carry of a 33-bit sum is out of bounds.
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

/// The length of the range and its end exceed 32 bits.
#[test]
fn f15_discarding_more_than_4_gib() {
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
