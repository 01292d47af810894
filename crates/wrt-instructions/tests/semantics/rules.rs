//! Rules of the specification that implementations get wrong, on every backend.

use wrt_instructions::*;
use wrt_platform::{HeapAllocator, PageAllocator, for_each_backend};
use wrt_runtime::{DataSegment, IndexType, LinearMemory, MemoryType, PageSize, Trap};

const AT_0: MemArg = MemArg::offset(0);
const TRAPS: Result<(), Trap> = Err(Trap::OutOfBounds);

fn memory_of<P: PageAllocator>(allocator: P, bytes: u64) -> LinearMemory<P> {
    let ty = MemoryType::new(IndexType::I32, PageSize::One, bytes, Some(bytes + 10)).unwrap();
    LinearMemory::new(allocator, ty).unwrap()
}

fn zero_lengths(allocator: impl PageAllocator) {
    let mut memory = memory_of(&allocator, 100);
    let other = memory_of(&allocator, 50);
    let segment = DataSegment::new([7; 8]);
    for address in [0, 1, 99, 100] {
        memory_fill(&mut memory, address, 1, 0).unwrap();
        memory_copy(&mut memory, address, 100, 0).unwrap();
        memory_copy(&mut memory, 100, address, 0).unwrap();
        memory_copy_between(&mut memory, address, &other, 50, 0).unwrap();
        memory_init(&mut memory, &segment, address, 8, 0).unwrap();
    }
    for past in [101, 1 << 32, u64::MAX] {
        assert_eq!(memory_fill(&mut memory, past, 1, 0), TRAPS);
        assert_eq!(memory_copy(&mut memory, past, 0, 0), TRAPS);
        assert_eq!(memory_copy(&mut memory, 0, past, 0), TRAPS);
        assert_eq!(memory_copy_between(&mut memory, past, &other, 0, 0), TRAPS);
        assert_eq!(memory_copy_between(&mut memory, 0, &other, past, 0), TRAPS);
        assert_eq!(memory_copy_between(&mut memory, 0, &other, 51, 0), TRAPS);
        assert_eq!(memory_init(&mut memory, &segment, past, 0, 0), TRAPS);
        assert_eq!(memory_init(&mut memory, &segment, 0, past, 0), TRAPS);
        assert_eq!(memory_init(&mut memory, &segment, 0, 9, 0), TRAPS);
    }
    assert!(memory.data().unwrap().iter().all(|byte| *byte == 0));
}

fn dropped_segments(allocator: impl PageAllocator) {
    let mut memory = memory_of(&allocator, 16);
    let mut segment = DataSegment::new(b"abcdef".to_vec());
    memory_init(&mut memory, &segment, 2, 1, 3).unwrap();
    assert_eq!(&memory.data().unwrap()[..6], b"\0\0bcd\0");
    data_drop(&mut segment);
    data_drop(&mut segment);
    memory_init(&mut memory, &segment, 16, 0, 0).unwrap();
    assert_eq!(memory_init(&mut memory, &segment, 0, 0, 1), TRAPS);
    assert_eq!(memory_init(&mut memory, &segment, 0, 1, 0), TRAPS);
    assert_eq!(memory_init(&mut memory, &segment, 17, 0, 0), TRAPS);
    assert_eq!(&memory.data().unwrap()[..6], b"\0\0bcd\0");
}

fn overlapping_copies(allocator: impl PageAllocator) {
    for (target, source) in [(0, 3), (3, 0), (5, 5), (1, 0), (0, 1), (250, 0)] {
        for len in [0, 1, 2, 3, 8, 17, 64, 250] {
            let mut memory = memory_of(&allocator, 600);
            for (index, byte) in memory.data_mut().unwrap().iter_mut().enumerate() {
                *byte = (index % 251) as u8;
            }
            let mut expected = memory.data().unwrap().to_vec();
            expected.copy_within(source..source + len, target);
            let (target, source) = (target as u64, source as u64);
            memory_copy(&mut memory, target, source, len as u64).unwrap();
            assert_eq!(memory.data().unwrap(), expected, "{len} bytes from {source} to {target}");
        }
    }
}

/// Address plus offset of a 64-bit memory may exceed 2^64, which the official suite does not test.
fn sums_past_2_to_64(allocator: impl PageAllocator) {
    let ty = MemoryType::wasm64(1, None).unwrap();
    let mut memory = LinearMemory::new(&allocator, ty).unwrap();
    for (base, offset) in [(u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX), (1 << 63, 1 << 63)] {
        let arg = MemArg::offset(offset);
        assert_eq!(i32_load8_u(&memory, arg, base), Err(Trap::OutOfBounds));
        assert_eq!(i64_store(&mut memory, arg, base, -1), TRAPS);
        let load = MemoryLoad::new(LoadOp::I32Load8U, arg, IndexType::I64).unwrap();
        assert_eq!(load.execute(&memory, base), Err(Trap::OutOfBounds));
    }
    assert_eq!(i32_load8_u(&memory, MemArg::offset(65535), 0_u64), Ok(0));
    assert_eq!(i64_load(&memory, MemArg::offset(0), u64::MAX - 7), Err(Trap::OutOfBounds));
    assert!(memory.data().unwrap().iter().all(|byte| *byte == 0));
}

fn trapping_stores(allocator: impl PageAllocator) {
    let mut memory = memory_of(&allocator, 32);
    memory.data_mut().unwrap().fill(0xA5);
    for address in 17..40_u32 {
        if address + 8 > 32 {
            assert_eq!(i64_store(&mut memory, AT_0, address, 0), TRAPS);
            assert_eq!(f64_store(&mut memory, AT_0, address, F64::from_bits(0)), TRAPS);
        }
        assert_eq!(v128_store(&mut memory, AT_0, address, V128([0; 16])), TRAPS);
    }
    for address in 31..40_u32 {
        assert_eq!(i32_store16(&mut memory, AT_0, address, 0), TRAPS);
        assert_eq!(i64_store32(&mut memory, AT_0, address, 0), TRAPS);
    }
    assert_eq!(v128_store64_lane(&mut memory, AT_0, 25_u32, 1, V128([0; 16])), TRAPS);
    assert!(memory.data().unwrap().iter().all(|byte| *byte == 0xA5));
}

/// Vectors loaded from fewer than 16 bytes access only these.
fn narrow_vector_loads(allocator: impl PageAllocator) {
    let mut memory = memory_of(&allocator, 40);
    memory.data_mut().unwrap().fill(0x81);
    for op in LoadOp::ALL {
        let size = op.access_size();
        let load = MemoryLoad::new(*op, AT_0, IndexType::I32).unwrap();
        assert!(load.execute(&memory, 40 - size).is_ok(), "{op} at the end");
        assert_eq!(load.execute(&memory, 41 - size), Err(Trap::OutOfBounds), "{op}");
    }
    for op in LaneLoadOp::ALL {
        let size = op.access_size();
        let load = MemoryLoadLane::new(*op, AT_0, 0, IndexType::I32).unwrap();
        assert!(load.execute(&memory, 40 - size, V128([0; 16])).is_ok(), "{op} at the end");
        let past = load.execute(&memory, 41 - size, V128([0; 16]));
        assert_eq!(past, Err(Trap::OutOfBounds), "{op}");
    }
    let zero = v128_load32_zero(&memory, AT_0, 36_u32).unwrap();
    assert_eq!(zero.0, [[0x81; 4], [0; 4], [0; 4], [0; 4]].concat()[..]);
    assert_eq!(v128_load64_splat(&memory, AT_0, 32_u32).unwrap(), V128([0x81; 16]));
}

fn nan_bits(allocator: impl PageAllocator) {
    let mut memory = memory_of(&allocator, 16);
    for bits in [0x7FA0_0001, 0xFFC1_2345, 0x7F80_0001, 0x7FC0_0000_u32] {
        f32_store(&mut memory, AT_0, 1_u32, F32::from_bits(bits)).unwrap();
        assert_eq!(f32_load(&memory, AT_0, 1_u32).unwrap().to_bits(), bits);
        assert_eq!(i32_load(&memory, AT_0, 1_u32), Ok(bits as i32));
    }
    for bits in [0x7FF0_0000_0000_0001, 0xFFF4_0000_DEAD_BEEF, 0x7FF8_0000_0000_0000_u64] {
        f64_store(&mut memory, AT_0, 3_u32, F64::from_bits(bits)).unwrap();
        assert_eq!(f64_load(&memory, AT_0, 3_u32).unwrap().to_bits(), bits);
        let load = MemoryLoad::new(LoadOp::F64Load, AT_0, IndexType::I32).unwrap();
        assert_eq!(load.execute(&memory, 3_u32), Ok(F64::from_bits(bits).into()));
    }
}

/// Unaligned plain accesses work, and bytes are in the specification's order on every host.
fn byte_order(allocator: impl PageAllocator) {
    let mut memory = memory_of(&allocator, 64);
    for address in 0..8_u32 {
        i64_store(&mut memory, AT_0, address, 0x0807_0605_0403_0201).unwrap();
        let bytes = memory.get_safe_slice(address.into(), 8).unwrap();
        assert_eq!(&*bytes, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(i32_load16_s(&memory, MemArg::offset(6), address), Ok(0x0807));
    }
    i32_store8(&mut memory, AT_0, 0_u32, 0x1234_5680).unwrap();
    assert_eq!(i32_load8_s(&memory, AT_0, 0_u32), Ok(-128));
    assert_eq!(i64_load8_u(&memory, AT_0, 0_u32), Ok(128));
}

fn across_memories(allocator: impl PageAllocator) {
    let small = MemoryType::new(IndexType::I64, PageSize::One, 10, Some(20)).unwrap();
    let mut small = LinearMemory::new(&allocator, small).unwrap();
    let large = MemoryType::wasm32(1, Some(1)).unwrap();
    let mut large = LinearMemory::new(HeapAllocator::new(), large).unwrap();
    small.write(0, b"0123456789").unwrap();
    memory_copy_between(&mut large, 65526, &small, 0, 10).unwrap();
    assert_eq!(memory_copy_between(&mut large, 65527, &small, 0, 10), TRAPS);
    assert_eq!(memory_copy_between(&mut large, 0, &small, 1, 10), TRAPS);
    assert_eq!(memory_grow(&mut small, 3), 10);
    memory_copy_between(&mut small, 8, &large, 65531, 5).unwrap();
    assert_eq!(small.data().unwrap(), b"0123456756789");
    assert_eq!(&large.data().unwrap()[..12], [0; 12]);
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn zero_lengths_are_checked_like_others() {
                super::zero_lengths($new);
            }

            #[test]
            fn dropped_segments_are_empty() {
                super::dropped_segments($new);
            }

            #[test]
            fn overlapping_copies_go_both_ways() {
                super::overlapping_copies($new);
            }

            #[test]
            fn sums_past_2_to_64_trap() {
                super::sums_past_2_to_64($new);
            }

            #[test]
            fn trapping_stores_write_nothing() {
                super::trapping_stores($new);
            }

            #[test]
            fn narrow_vector_loads_check_their_own_size() {
                super::narrow_vector_loads($new);
            }

            #[test]
            fn nan_bits_survive() {
                super::nan_bits($new);
            }

            #[test]
            fn bytes_are_in_little_endian_order() {
                super::byte_order($new);
            }

            #[test]
            fn copies_reach_across_types() {
                super::across_memories($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);

#[test]
fn pages_of_one_byte_end_before_2_to_32() {
    let new = |pages| MemoryType::new(IndexType::I32, PageSize::One, 0, Some(pages));
    assert_eq!(new(0xFFFF_FFFF).unwrap().limit().bytes(), 0xFFFF_FFFF);
    let error = new(1 << 32).unwrap_err().to_string();
    let text = "memory maximum of 4294967296 pages exceeds the limit of 4294967295 pages";
    assert_eq!(error, text);
    assert!(MemoryType::new(IndexType::I64, PageSize::One, 0, Some(u64::MAX)).is_ok());
    assert!(PageSize::from_log2(12).is_none());
}

#[test]
fn operations_refuse_what_no_module_may_say() {
    let refused = |arg, index| MemoryLoad::new(LoadOp::I32Load16U, arg, index).unwrap_err();
    assert_eq!(
        refused(MemArg::new(0, 2, 0), IndexType::I32).to_string(),
        "alignment must not be larger than natural: 2^2 for an access of 2^1 bytes"
    );
    assert_eq!(
        refused(MemArg::offset(1 << 32), IndexType::I32).to_string(),
        "offset out of range: 0x100000000 in a memory with 32-bit addresses"
    );
    assert!(MemoryLoad::new(LoadOp::I32Load, MemArg::offset(1 << 32), IndexType::I64).is_ok());
    let lane = MemoryLoadLane::new(LaneLoadOp::V128Load32Lane, AT_0, 4, IndexType::I32);
    assert_eq!(lane.unwrap_err().to_string(), "invalid lane index: 4 in a vector of 4 lanes");
    let store = MemoryStore::new(StoreOp::I64Store8, AT_0, IndexType::I32).unwrap();
    let mut memory = memory_of(HeapAllocator::new(), 8);
    assert_eq!(
        store.execute(&mut memory, 0_u32, Value::I32(1)).unwrap_err().to_string(),
        "the operation takes an operand of type i64, not i32"
    );
    let copy = MemoryCopy { target_memory: 0, source_memory: 3 };
    let error = copy.execute(&mut [memory], 0, 0, 0).unwrap_err();
    assert_eq!(error.to_string(), "unknown memory 3");
}
