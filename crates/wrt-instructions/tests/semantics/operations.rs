//! Operations as values: construction, properties, and the same effect as their instruction.

use core::error::Error;

use wrt_instructions::*;
use wrt_platform::HeapAllocator;
use wrt_runtime::{DataSegment, IndexType, LinearMemory, MemoryType, Trap};

const AT_0: MemArg = MemArg::offset(0);

fn memory() -> LinearMemory<HeapAllocator> {
    LinearMemory::new(HeapAllocator::new(), MemoryType::wasm32(1, Some(3)).unwrap()).unwrap()
}

#[test]
fn immediates_are_kept() {
    let arg = MemArg::new(12, 3, 5);
    assert_eq!((arg.byte_offset(), arg.align_log2(), arg.memory()), (12, 3, 5));
    let arg = MemArg::offset(9);
    assert_eq!((arg.byte_offset(), arg.align_log2(), arg.memory()), (9, 0, 0));
}

#[test]
fn an_alignment_above_natural_is_refused() {
    for (op, natural) in [(LoadOp::I32Load8U, 0), (LoadOp::I64Load, 3), (LoadOp::V128Load, 4)] {
        let with = |align_log2| MemoryLoad::new(op, MemArg::new(0, align_log2, 0), IndexType::I32);
        for align_log2 in 0..=natural {
            assert!(with(align_log2).is_ok(), "{op} 2^{align_log2}");
        }
        let refused = with(natural + 1).unwrap_err();
        assert_eq!(refused, InvalidOperation::Alignment { align_log2: natural + 1, natural });
    }
    let refused = MemoryStore::new(StoreOp::I32Store, MemArg::new(0, 3, 0), IndexType::I32);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "alignment must not be larger than natural: 2^3 for an access of 2^2 bytes"
    );
}

#[test]
fn an_offset_has_the_width_of_the_index() {
    let with = |offset, index| MemoryLoad::new(LoadOp::I32Load, MemArg::offset(offset), index);
    for (offset, index, valid) in [
        (0xFFFF_FFFF, IndexType::I32, true),
        (1 << 32, IndexType::I32, false),
        (1 << 32, IndexType::I64, true),
        (u64::MAX, IndexType::I64, true),
    ] {
        assert_eq!(with(offset, index).is_ok(), valid, "{offset:#x} {index:?}");
    }
    let refused = with(1 << 32, IndexType::I32).unwrap_err();
    assert_eq!(refused, InvalidOperation::Offset { offset: 1 << 32 });
    let text = "offset out of range: 0x100000000 in a memory with 32-bit addresses";
    assert_eq!(refused.to_string(), text);
}

#[test]
fn a_lane_is_one_of_the_vectors() {
    for op in LaneLoadOp::ALL {
        let lanes = 16 / op.access_size() as u8;
        let with = |lane| MemoryLoadLane::new(*op, AT_0, lane, IndexType::I32);
        assert_eq!(with(lanes - 1).unwrap().lane(), lanes - 1);
        assert_eq!(with(lanes), Err(InvalidOperation::Lane { lane: lanes, lanes }));
    }
    let refused = MemoryStoreLane::new(LaneStoreOp::V128Store64Lane, AT_0, 2, IndexType::I32);
    assert_eq!(refused.unwrap_err().to_string(), "invalid lane index: 2 in a vector of 2 lanes");
}

#[test]
fn operations_keep_what_they_were_built_of() {
    let arg = MemArg::new(7, 0, 2);
    for op in LoadOp::ALL {
        let load = MemoryLoad::new(*op, arg, IndexType::I32).unwrap();
        assert_eq!((load.op(), load.memarg()), (*op, arg));
    }
    for op in StoreOp::ALL {
        let store = MemoryStore::new(*op, arg, IndexType::I32).unwrap();
        assert_eq!((store.op(), store.memarg()), (*op, arg));
    }
    for op in LaneLoadOp::ALL {
        let load = MemoryLoadLane::new(*op, arg, 1, IndexType::I32).unwrap();
        assert_eq!((load.op(), load.memarg(), load.lane()), (*op, arg, 1));
    }
    for op in LaneStoreOp::ALL {
        let store = MemoryStoreLane::new(*op, arg, 1, IndexType::I32).unwrap();
        assert_eq!((store.op(), store.memarg(), store.lane()), (*op, arg, 1));
    }
}

/// One instruction of every kind: its opcode in the binary format, and its name in the text format.
#[test]
fn instructions_have_opcodes_and_names() {
    let plain = |code| Opcode { prefix: None, code };
    let with = |prefix, code| Opcode { prefix: Some(prefix), code };
    for (instruction, opcode, shown, text) in [
        (MemoryInstruction::Load(LoadOp::I32Load), plain(0x28), "0x28", "i32.load"),
        (MemoryInstruction::Store(StoreOp::I64Store32), plain(0x3E), "0x3e", "i64.store32"),
        (
            MemoryInstruction::LoadLane(LaneLoadOp::V128Load8Lane),
            with(0xFD, 0x54),
            "0xfd 0x54",
            "v128.load8_lane",
        ),
        (
            MemoryInstruction::StoreLane(LaneStoreOp::V128Store64Lane),
            with(0xFD, 0x5B),
            "0xfd 0x5b",
            "v128.store64_lane",
        ),
        (MemoryInstruction::Bulk(BulkOp::MemoryFill), with(0xFC, 0x0B), "0xfc 0x0b", "memory.fill"),
        (MemoryInstruction::Bulk(BulkOp::MemorySize), plain(0x3F), "0x3f", "memory.size"),
    ] {
        assert_eq!(MemoryInstruction::from_opcode(opcode), Some(instruction));
        assert_eq!(instruction.opcode(), opcode);
        assert_eq!(opcode.to_string(), shown);
        assert_eq!((instruction.text(), &*instruction.to_string()), (text, text));
    }
    assert_eq!(MemoryInstruction::from_opcode(plain(0x20)), None);
}

#[test]
fn values_have_types_with_names() {
    for (value, ty, name) in [
        (Value::from(1), ValueType::I32, "i32"),
        (Value::from(1_i64), ValueType::I64, "i64"),
        (Value::from(F32::from(1.0)), ValueType::F32, "f32"),
        (Value::from(F64::from(1.0)), ValueType::F64, "f64"),
        (Value::from(V128([1; 16])), ValueType::V128, "v128"),
    ] {
        assert_eq!(value.value_type(), ty);
        assert_eq!(ty.to_string(), name);
    }
}

#[test]
fn an_operand_of_another_type_is_refused() {
    let mut memory = memory();
    let store = MemoryStore::new(StoreOp::I64Store, AT_0, IndexType::I32).unwrap();
    let refused = store.execute(&mut memory, 0_u32, Value::from(7)).unwrap_err();
    let (expected, found) = (ValueType::I64, ValueType::I32);
    assert_eq!(refused, ExecuteError::Operand { expected, found });
    let text = refused.to_string();
    assert!(text.contains("i64") && text.contains("i32"), "{text}");
    store.execute(&mut memory, 0_u32, Value::from(-2_i64)).unwrap();
    assert_eq!(i64_load(&memory, AT_0, 0_u32), Ok(-2));
    let trapped = store.execute(&mut memory, 65529_u32, Value::from(1_i64)).unwrap_err();
    assert_eq!(trapped, ExecuteError::Trap(Trap::OutOfBounds));
    assert_eq!(trapped.to_string(), "out of bounds memory access");
    let source = trapped.source().unwrap().downcast_ref::<Trap>();
    assert_eq!((source, refused.source().is_none()), (Some(&Trap::OutOfBounds), true));
}

/// Each address has different bytes, so that lanes and widths can be distinguished.
#[test]
fn loads_give_the_bytes_of_their_address() {
    let mut memory = memory();
    let bytes: Vec<u8> = (0x81..0x91).collect();
    memory.write(100, &bytes).unwrap();
    let number = |len: usize| {
        bytes[..len].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    assert_eq!(i32_load8_s(&memory, AT_0, 100_u32), Ok(0x81_u8.cast_signed().into()));
    assert_eq!(i32_load16_u(&memory, AT_0, 100_u32), Ok(number(2) as i32));
    assert_eq!(i64_load32_s(&memory, AT_0, 100_u32), Ok((number(4) as i32).into()));
    assert_eq!(i64_load32_u(&memory, AT_0, 100_u32), Ok(number(4).cast_signed()));
    assert_eq!(i64_load(&memory, AT_0, 100_u32), Ok(number(8).cast_signed()));
    assert_eq!(v128_load(&memory, AT_0, 100_u32).unwrap().0, bytes[..]);
    let widened = v128_load8x8_s(&memory, AT_0, 100_u32).unwrap();
    let expected: Vec<u8> = bytes[..8].iter().flat_map(|byte| [*byte, 0xFF]).collect();
    assert_eq!(widened.0, expected[..]);
    let widened = v128_load16x4_u(&memory, AT_0, 100_u32).unwrap();
    let expected: Vec<u8> = bytes[..8].chunks(2).flat_map(|two| [two[0], two[1], 0, 0]).collect();
    assert_eq!(widened.0, expected[..]);
    assert_eq!(v128_load16_splat(&memory, AT_0, 100_u32).unwrap().0, bytes[..2].repeat(8)[..]);
    let zero = v128_load64_zero(&memory, AT_0, 100_u32).unwrap();
    assert_eq!(zero.0, [&bytes[..8], &[0; 8]].concat()[..]);
}

#[test]
fn stores_write_the_low_bytes_of_their_operand() {
    let mut memory = memory();
    i32_store8(&mut memory, AT_0, 0_u32, 0x0102_0304).unwrap();
    i32_store16(&mut memory, AT_0, 2_u32, 0x0506_0708).unwrap();
    i64_store32(&mut memory, AT_0, 4_u32, 0x1112_1314_2122_2324).unwrap();
    i64_store(&mut memory, AT_0, 8_u32, 0x3132_3334_4142_4344).unwrap();
    let written = *b"\x04\0\x08\x07\x24\x23\x22\x21\x44\x43\x42\x41\x34\x33\x32\x31";
    assert_eq!(*memory.get_safe_slice(0, 16).unwrap(), written);
    v128_store(&mut memory, AT_0, 16_u32, V128(written)).unwrap();
    assert_eq!(*memory.get_safe_slice(16, 16).unwrap(), written);
}

/// Every lane of every width, and lanes past the last, which wrap.
#[test]
fn lanes_are_counted_from_the_lowest_byte() {
    let mut memory = memory();
    memory.write(0, &[0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8]).unwrap();
    let vector = V128(core::array::from_fn(|index| index as u8));
    for lane in 0..32_u8 {
        let byte = usize::from(lane % 16);
        let loaded = v128_load8_lane(&memory, AT_0, 0_u32, lane, vector).unwrap();
        let mut expected = vector;
        expected.0[byte] = 0xA1;
        assert_eq!(loaded, expected, "lane {lane} of 16");
        v128_store8_lane(&mut memory, AT_0, 100_u32, lane, vector).unwrap();
        assert_eq!(*memory.get_safe_slice(100, 2).unwrap(), [byte as u8, 0], "lane {lane} of 16");
    }
    for lane in 0..8_u8 {
        let start = usize::from(lane % 4) * 4;
        let loaded = v128_load32_lane(&memory, AT_0, 2_u32, lane, vector).unwrap();
        let mut expected = vector;
        expected.0[start..start + 4].copy_from_slice(&[0xA3, 0xA4, 0xA5, 0xA6]);
        assert_eq!(loaded, expected, "lane {lane} of 4");
        v128_store32_lane(&mut memory, AT_0, 200_u32, lane, vector).unwrap();
        let stored = memory.get_safe_slice(200, 4).unwrap();
        assert_eq!(*stored, vector.0[start..start + 4], "lane {lane} of 4");
    }
}

#[test]
fn operations_on_the_memory_itself() {
    let mut memory = memory();
    let size = MemorySize { memory: 0 };
    assert_eq!(size.execute(&memory), 1);
    assert_eq!(MemoryGrow { memory: 0 }.execute(&mut memory, 2), 1);
    assert_eq!((size.execute(&memory), memory.size()), (3, 3));
    assert_eq!(MemoryGrow { memory: 0 }.execute(&mut memory, 1), 0xFFFF_FFFF);
    let fill = MemoryFill { memory: 0 };
    fill.execute(&mut memory, 10, 0x1234, 3).unwrap();
    assert_eq!(*memory.get_safe_slice(9, 5).unwrap(), [0, 0x34, 0x34, 0x34, 0]);
    assert_eq!(fill.execute(&mut memory, 3 << 16, 1, 1), Err(Trap::OutOfBounds));
    let (init, mut segment) = (MemoryInit { segment: 0, memory: 0 }, DataSegment::new(*b"abcd"));
    init.execute(&mut memory, &segment, 20, 1, 2).unwrap();
    assert_eq!(*memory.get_safe_slice(19, 4).unwrap(), *b"\0bc\0");
    DataDrop { segment: 0 }.execute(&mut segment);
    assert_eq!(init.execute(&mut memory, &segment, 20, 1, 2), Err(Trap::OutOfBounds));
}

#[test]
fn a_copy_finds_its_memories_by_index() {
    let mut memories = [memory(), memory()];
    memories[0].write(0, b"first").unwrap();
    memories[1].write(0, b"other").unwrap();
    let copy = |target_memory, source_memory| MemoryCopy { target_memory, source_memory };
    copy(0, 0).execute(&mut memories, 100, 0, 5).unwrap();
    copy(1, 1).execute(&mut memories, 100, 0, 5).unwrap();
    copy(0, 1).execute(&mut memories, 200, 0, 5).unwrap();
    copy(1, 0).execute(&mut memories, 200, 0, 5).unwrap();
    for (memory, within, between) in [(0, b"first", b"other"), (1, b"other", b"first")] {
        assert_eq!(*memories[memory].get_safe_slice(100, 5).unwrap(), *within);
        assert_eq!(*memories[memory].get_safe_slice(200, 5).unwrap(), *between);
    }
    let outside = copy(0, 1).execute(&mut memories, 65532, 0, 5);
    assert_eq!(outside, Err(ExecuteError::Trap(Trap::OutOfBounds)));
    for (target, source, unknown) in [(2, 2, 2), (0, 3, 3), (4, 1, 4)] {
        let refused = copy(target, source).execute(&mut memories, 0, 0, 0).unwrap_err();
        assert_eq!(refused, ExecuteError::UnknownMemory(unknown));
        let text = refused.to_string();
        assert!(text.contains(&unknown.to_string()), "{text}");
    }
}
