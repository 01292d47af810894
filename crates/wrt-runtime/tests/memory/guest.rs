//! Guarantees of `GuestMemory` to callers and implementers.

use std::cell::RefCell;
use std::ops::Range;

use wrt_instructions::{
    LaneLoadOp, LaneStoreOp, LoadOp, MemArg, MemoryLoad, MemoryLoadLane, MemoryStore,
    MemoryStoreLane, StoreOp, V128, Value, ValueType, memory_copy, memory_copy_between,
    memory_fill, memory_init, memory_size,
};
use wrt_platform::{HeapAllocator, LentBytes};
use wrt_runtime::{
    Access, Borrower, BulkSource, DataSegment, GrowError, GuestMemory, IndexType, LinearMemory,
    MemoryBuilder, MemoryType, Observer, Trap,
};

const PAGE: u64 = 65536;
const AT_0: MemArg = MemArg::offset(0);

/// An observer that logs traps.
#[derive(Default)]
struct Traps(RefCell<Vec<(Trap, Access)>>);

impl Observer for Traps {
    fn trap(&self, trap: Trap, access: Access) {
        self.0.borrow_mut().push((trap, access));
    }
}

type Observed = LinearMemory<HeapAllocator, Traps>;

fn observed() -> Observed {
    let ty = MemoryType::wasm32(1, Some(2)).unwrap();
    MemoryBuilder::new(ty).observer(Traps::default()).allocate(HeapAllocator::new()).unwrap()
}

/// The traps logged by the memory's observer since the last call.
fn told(memory: &Observed) -> Vec<(Trap, Access)> {
    memory.observer().0.take()
}

fn out_of_bounds(address: u64, size: u64) -> Vec<(Trap, Access)> {
    vec![(Trap::OutOfBounds, Access { address, size })]
}

/// A refused operation notifies the observer once, for every caller and method.
#[test]
fn refused_accesses_are_told_once() {
    let mut memory = observed();
    let outside = PAGE - 3;
    assert!(GuestMemory::store(&mut memory, outside, [0; 4]).is_err());
    assert_eq!(told(&memory), out_of_bounds(outside, 4));
    assert!(memory.load(outside, u32::from_le_bytes).is_err());
    assert_eq!(told(&memory), out_of_bounds(outside, 4));
    for op in LoadOp::ALL {
        let outside = PAGE + 1 - u64::from(op.access_size());
        let load = MemoryLoad::new(*op, AT_0, IndexType::I32).unwrap();
        assert_eq!(load.execute(&memory, outside as u32), Err(Trap::OutOfBounds), "{op}");
        assert_eq!(told(&memory), out_of_bounds(outside, op.access_size().into()), "{op}");
    }
    for op in StoreOp::ALL {
        let outside = PAGE + 1 - u64::from(op.access_size());
        let store = MemoryStore::new(*op, AT_0, IndexType::I32).unwrap();
        store.execute(&mut memory, outside as u32, operand(*op, 0)).unwrap_err();
        assert_eq!(told(&memory), out_of_bounds(outside, op.access_size().into()), "{op}");
    }
    for op in LaneLoadOp::ALL {
        let outside = PAGE + 1 - u64::from(op.access_size());
        let load = MemoryLoadLane::new(*op, AT_0, 0, IndexType::I32).unwrap();
        load.execute(&memory, outside as u32, V128([0; 16])).unwrap_err();
        assert_eq!(told(&memory), out_of_bounds(outside, op.access_size().into()), "{op}");
    }
    assert!(memory.check(outside, 4).is_err());
    assert_eq!(told(&memory), out_of_bounds(outside, 4));
    memory.check(outside, 3).unwrap();
    assert_eq!(told(&memory), []);
}

#[test]
fn refused_bulk_operations_are_told_once() {
    let mut memory = observed();
    let outside = PAGE - 3;
    assert!(memory.load_bytes(outside, &mut [0; 5]).is_err());
    assert_eq!(told(&memory), out_of_bounds(outside, 5));
    assert!(memory.store_bytes(outside, &[0; 6]).is_err());
    assert_eq!(told(&memory), out_of_bounds(outside, 6));
    assert!(memory.memory_fill(outside, 0, 7).is_err());
    assert_eq!(told(&memory), out_of_bounds(outside, 7));
    assert!(memory.memory_copy(outside, 0, 8).is_err());
    assert_eq!(told(&memory), out_of_bounds(outside, 8));
    assert!(memory.memory_copy(0, outside, 8).is_err());
    assert_eq!(told(&memory), out_of_bounds(outside, 8));
    assert!(memory.memory_init(outside, b"segment", 3, 4).is_err());
    assert_eq!(told(&memory), out_of_bounds(outside, 4));
    assert!(memory.memory_init(100, b"segment", 4, 4).is_err());
    assert_eq!(told(&memory), out_of_bounds(100, 4), "the segment has no such bytes");
}

/// A refused copy notifies the observer of the memory that refuses.
#[test]
fn refused_copies_are_told_by_the_memory_that_refuses() {
    let (mut memory, other) = (observed(), observed());
    let outside = PAGE - 3;
    assert!(memory.memory_copy_from(outside, &other, 0, 9).is_err());
    assert_eq!((told(&memory), told(&other)), (out_of_bounds(outside, 9), vec![]));
    assert!(memory.memory_copy_from(0, &other, outside, 9).is_err());
    assert_eq!((told(&memory), told(&other)), (vec![], out_of_bounds(outside, 9)));
    assert!(memory.memory_copy_from(outside, &other, outside + 1, 9).is_err());
    assert_eq!((told(&memory), told(&other)), (vec![], out_of_bounds(outside + 1, 9)));
    let named = |error: wrt_runtime::MemoryError| error.to_string();
    let refused = memory.copy_from(outside, &other, 0, 9).map_err(named).unwrap_err();
    assert!(refused.contains("9 bytes at address 0xfffd"), "{refused}");
    let refused = memory.copy_from(0, &other, outside + 1, 9).map_err(named).unwrap_err();
    assert!(refused.contains("9 bytes at address 0xfffe"), "{refused}");
}

/// A custom memory with only the required methods, which logs the ranges written and forwards to
/// another memory.
struct Journal<M> {
    inner: M,
    written: Vec<Range<u64>>,
}

impl<M> Journal<M> {
    fn written(&mut self, outcome: Result<(), Trap>, start: u64, len: u64) -> Result<(), Trap> {
        outcome.inspect(|()| self.written.push(start..start + len))
    }
}

impl<M: GuestMemory> GuestMemory for Journal<M> {
    fn index_type(&self) -> IndexType {
        self.inner.index_type()
    }

    fn memory_size(&self) -> u64 {
        self.inner.memory_size()
    }

    fn memory_grow(&mut self, delta: u64) -> Result<u64, GrowError> {
        self.inner.memory_grow(delta)
    }

    fn load<const N: usize, T>(&self, ea: u64, from: impl FnOnce([u8; N]) -> T) -> Result<T, Trap> {
        self.inner.load(ea, from)
    }

    fn store<const N: usize>(&mut self, ea: u64, bytes: [u8; N]) -> Result<(), Trap> {
        let outcome = self.inner.store(ea, bytes);
        self.written(outcome, ea, N as u64)
    }

    fn lend<R>(
        &self,
        address: u64,
        len: u64,
        borrower: Borrower,
        borrow: impl FnOnce(LentBytes<'_>) -> Result<R, Trap>,
    ) -> Result<R, Trap> {
        self.inner.lend(address, len, borrower, borrow)
    }

    fn bulk_store(&mut self, target: u64, source: BulkSource<'_>) -> Result<(), Trap> {
        let outcome = self.inner.bulk_store(target, source);
        self.written(outcome, target, source.len())
    }
}

/// Pseudo-random numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        // The multiplier and increment of Knuth's MMIX.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn operand(op: StoreOp, bits: u64) -> Value {
    match op.operand_type() {
        ValueType::I32 => Value::from(bits as i32),
        ValueType::I64 => Value::from(bits.cast_signed()),
        ValueType::F32 => Value::F32(wrt_instructions::F32::from_bits(bits as u32)),
        ValueType::F64 => Value::F64(wrt_instructions::F64::from_bits(bits)),
        ValueType::V128 => Value::V128(V128([bits as u8; 16])),
    }
}

/// The result of an operation, as text.
fn step<M: GuestMemory>(memory: &mut M, other: &M, kind: u64, numbers: &mut Numbers) -> String {
    // One address in eight or so is beyond the end.
    let mut place = || numbers.below(4700);
    let (target, source, bits) = (place(), place(), place().wrapping_mul(0x0101_0101_0101));
    let (len, at) = (bits % 600, target as u32);
    let segment = DataSegment::new([7; 500]);
    match kind {
        0 => {
            let op = StoreOp::ALL[source as usize % StoreOp::ALL.len()];
            let store = MemoryStore::new(op, AT_0, IndexType::I32).unwrap();
            format!("{op} {:?}", store.execute(memory, at, operand(op, bits)))
        }
        1 => {
            let op = LaneStoreOp::ALL[source as usize % LaneStoreOp::ALL.len()];
            let store = MemoryStoreLane::new(op, AT_0, 1, IndexType::I32).unwrap();
            format!("{op} {:?}", store.execute(memory, at, V128([bits as u8; 16])))
        }
        2 => {
            let op = LoadOp::ALL[source as usize % LoadOp::ALL.len()];
            let load = MemoryLoad::new(op, AT_0, IndexType::I32).unwrap();
            format!("{op} {:?}", load.execute(memory, at))
        }
        3 => format!("fill {:?}", memory_fill(memory, target, bits as u8, len)),
        4 => format!("copy {:?}", memory_copy(memory, target, source, len)),
        5 => format!("between {:?}", memory_copy_between(memory, target, other, source, len)),
        6 => format!("init {:?}", memory_init(memory, &segment, target, source % 500, len)),
        7 => format!("write {:?}", memory.store_bytes(target, &vec![bits as u8; len as usize])),
        8 => format!("check {:?}", memory.check(target, len)),
        _ => {
            let mut bytes = vec![0; len as usize];
            format!("read {:?} {bytes:?}", memory.load_bytes(target, &mut bytes))
        }
    }
}

/// The required methods suffice for all instructions, and two of them see every byte written.
#[test]
fn a_memory_of_ones_own_has_all_instructions() {
    let ty = MemoryType::new(IndexType::I32, wrt_runtime::PageSize::One, 4200, None).unwrap();
    let new = || LinearMemory::new(HeapAllocator::new(), ty).unwrap();
    let (mut plain, mut plain_other) = (new(), new());
    plain_other.fill(0, 0xB6, 4200).unwrap();
    let mut other = Journal { inner: new(), written: vec![] };
    memory_copy_between(&mut other.inner, 0, &plain_other, 0, 4200).unwrap();
    let mut journal = Journal { inner: new(), written: vec![] };
    let (mut trapped, mut done) = (0, 0);
    for round in 0..4000 {
        let before = plain.data().unwrap().to_vec();
        journal.written.clear();
        let expected = step(&mut plain, &plain_other, round % 10, &mut Numbers(round));
        let found = step(&mut journal, &other, round % 10, &mut Numbers(round));
        assert_eq!(found, expected, "round {round}");
        let after = journal.inner.data().unwrap();
        assert_eq!(after, plain.data().unwrap(), "round {round}: {found}");
        for (address, (old, new)) in before.iter().zip(after).enumerate() {
            let known = journal.written.iter().any(|range| range.contains(&(address as u64)));
            assert!(old == new || known, "round {round}: {found}: byte {address}");
        }
        trapped += u32::from(found.contains("OutOfBounds"));
        done += u32::from(!journal.written.is_empty());
    }
    assert!(trapped > 300 && done > 1500, "{trapped} {done}");
    assert_eq!(memory_size(&journal), 4200);
}
