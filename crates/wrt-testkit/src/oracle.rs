//! Oracle for effective addresses: arithmetic that cannot overflow.

use wrt_instructions::{
    Address, MemArg, MemoryLoad, MemoryLoadLane, MemoryStore, MemoryStoreLane, V128,
};
use wrt_platform::PageAllocator;
use wrt_runtime::{IndexType, LinearMemory, Observer, Trap};

use crate::corners::corners;
use crate::face::{
    LaneLoad, LaneStore, Load, Store, typed_lane_loads, typed_lane_stores, typed_loads,
    typed_stores, value_of,
};
use crate::script::semantics::{loaded, with_lane};

/// Executes every load and store, as typed function and as decoded operation, at every pair of
/// [`corners`] as address and static offset, with the address as an unsigned and as a signed
/// operand. Where address + offset + width, in 128 bits, is within the memory, the access must
/// touch exactly those bytes; elsewhere it must trap and touch none. Returns the number of
/// accesses.
///
/// The memory is filled with a pattern that distinguishes every address from its neighbours, and
/// compared as a whole after each pair, so keep it small.
///
/// # Errors
///
/// The first access with another outcome.
pub fn check_addresses<P: PageAllocator, O: Observer>(
    memory: &mut LinearMemory<P, O>,
) -> Result<u64, String> {
    let index = memory.memory_type().index_type();
    let mut all = corners(memory.byte_len());
    match index {
        IndexType::I32 => {
            all.retain(|corner| *corner <= u32::MAX.into());
            let cases = Oracle::new(memory)?.walk(&all, |corner| corner as u32)?;
            Ok(cases + Oracle::new(memory)?.walk(&all, |corner| corner as i32)?)
        }
        IndexType::I64 => {
            let cases = Oracle::new(memory)?.walk(&all, |corner| corner)?;
            Ok(cases + Oracle::new(memory)?.walk(&all, |corner| corner as i64)?)
        }
    }
}

/// The value that stores write, and that no load may return.
const MARK: u128 = 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210;

/// The byte at an address, chosen so that neighbouring addresses differ.
fn pattern(address: usize) -> u8 {
    ((address as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

struct Oracle<'m, P: PageAllocator, O: Observer, A> {
    memory: &'m mut LinearMemory<P, O>,
    index: IndexType,
    image: Vec<u8>,
    loads: Vec<Load<LinearMemory<P, O>, A>>,
    stores: Vec<Store<LinearMemory<P, O>, A>>,
    lane_loads: Vec<LaneLoad<LinearMemory<P, O>, A>>,
    lane_stores: Vec<LaneStore<LinearMemory<P, O>, A>>,
    cases: u64,
}

/// One pair of address and offset, with the expected effective address.
#[derive(Clone, Copy)]
struct Pair<A> {
    memarg: MemArg,
    address: A,
    ea: u128,
}

impl<'m, P: PageAllocator, O: Observer, A: Address> Oracle<'m, P, O, A> {
    fn new(memory: &'m mut LinearMemory<P, O>) -> Result<Self, String> {
        let image: Vec<u8> = (0..memory.byte_len() as usize).map(pattern).collect();
        memory.write(0, &image).map_err(|error| error.to_string())?;
        Ok(Self {
            index: memory.memory_type().index_type(),
            memory,
            image,
            loads: typed_loads(),
            stores: typed_stores(),
            lane_loads: typed_lane_loads(),
            lane_stores: typed_lane_stores(),
            cases: 0,
        })
    }

    fn walk(mut self, corners: &[u64], address: impl Fn(u64) -> A) -> Result<u64, String> {
        for &base in corners {
            for &offset in corners {
                let ea = u128::from(base) + u128::from(offset);
                let memarg = MemArg::offset(offset);
                let pair = Pair { memarg, address: address(base), ea };
                let outcome = self.check_loads(pair).and_then(|()| self.check_stores(pair));
                let len = self.image.len();
                outcome.map_err(|text| format!("{base:#x} + {offset:#x} of {len:#x}: {text}"))?;
            }
        }
        Ok(self.cases)
    }

    /// The `size` bytes from `ea`, if all are within the memory.
    fn bytes(&self, ea: u128, size: u32) -> Option<&[u8]> {
        let end = ea + u128::from(size);
        if end > self.image.len() as u128 {
            return None;
        }
        self.image.get(ea as usize..end as usize)
    }

    fn check_loads(&mut self, Pair { memarg, address, ea }: Pair<A>) -> Result<(), String> {
        let vector = V128(MARK.to_le_bytes());
        for &(op, typed) in &self.loads {
            let expected = self.bytes(ea, op.access_size()).map(|bytes| loaded(op, bytes));
            let expected = expected.ok_or(Trap::OutOfBounds);
            let decoded = MemoryLoad::new(op, memarg, self.index).map_err(|e| e.to_string())?;
            for real in [typed(self.memory, memarg, address), decoded.execute(self.memory, address)]
            {
                expect(op.text(), real.map(Some), expected)?;
            }
        }
        for &(op, typed) in &self.lane_loads {
            let bytes = self.bytes(ea, op.access_size());
            let expected = bytes.map(|bytes| V128(with_lane(vector.0, 1, bytes)));
            let expected = expected.ok_or(Trap::OutOfBounds);
            let decoded =
                MemoryLoadLane::new(op, memarg, 1, self.index).map_err(|e| e.to_string())?;
            let real = typed(self.memory, memarg, address, 1, vector);
            expect(op.text(), real, expected)?;
            expect(op.text(), decoded.execute(self.memory, address, vector), expected)?;
        }
        self.cases += 2 * (self.loads.len() + self.lane_loads.len()) as u64;
        Ok(())
    }

    fn check_stores(&mut self, Pair { memarg, address, ea }: Pair<A>) -> Result<(), String> {
        for index in 0..self.stores.len() {
            let (op, typed) = self.stores[index];
            let decoded = MemoryStore::new(op, memarg, self.index).map_err(|e| e.to_string())?;
            let done = typed(self.memory, memarg, address, MARK);
            self.check_stored(op.text(), ea, op.access_size(), 0, done.is_ok())?;
            let done = decoded.execute(self.memory, address, value_of(op.operand_type(), MARK));
            self.check_stored(op.text(), ea, op.access_size(), 0, done.is_ok())?;
        }
        let vector = V128(MARK.to_le_bytes());
        for index in 0..self.lane_stores.len() {
            let (op, typed) = self.lane_stores[index];
            let (size, text) = (op.access_size(), op.text());
            let decoded =
                MemoryStoreLane::new(op, memarg, 1, self.index).map_err(|e| e.to_string())?;
            let done = typed(self.memory, memarg, address, 1, vector);
            self.check_stored(text, ea, size, size as usize, done.is_ok())?;
            let done = decoded.execute(self.memory, address, vector);
            self.check_stored(text, ea, size, size as usize, done.is_ok())?;
        }
        self.cases += 2 * (self.stores.len() + self.lane_stores.len()) as u64;
        if self.memory.data().map_err(|e| e.to_string())? != self.image {
            return Err("a store wrote where it should not".to_owned());
        }
        Ok(())
    }

    /// Checks that a store wrote the mark's bytes from `first` on, or nothing, and restores the
    /// pattern.
    fn check_stored(
        &mut self,
        op: &str,
        ea: u128,
        size: u32,
        first: usize,
        done: bool,
    ) -> Result<(), String> {
        let before = self.bytes(ea, size).map(<[u8]>::to_vec);
        expect(op, done, before.is_some())?;
        let Some(before) = before else { return Ok(()) };
        let mark = MARK.to_le_bytes();
        let bytes = self.memory.data_mut().map_err(|e| e.to_string())?;
        let stored = bytes.get_mut(ea as usize..ea as usize + size as usize);
        let Some(stored) = stored else { return Err(format!("{op}: the memory has shrunk")) };
        expect(op, &*stored, mark.get(first..first + size as usize).unwrap_or_default())?;
        stored.copy_from_slice(&before);
        Ok(())
    }
}

fn expect<T: PartialEq + core::fmt::Debug>(op: &str, real: T, expected: T) -> Result<(), String> {
    if real == expected { Ok(()) } else { Err(format!("{op}: {real:?}, expected {expected:?}")) }
}
