//! Player of scripts on a memory and its model, with a comparison after each step.

use core::fmt::Debug;
use core::ops::Range;

use wrt_instructions::{
    DataDrop, ExecuteError, LaneLoadOp, LaneStoreOp, LoadOp, MemArg, MemoryFill, MemoryGrow,
    MemoryInit, MemoryLoad, MemoryLoadLane, MemoryStore, MemoryStoreLane, StoreOp, V128,
    memory_copy, memory_copy_between, memory_size,
};
use wrt_platform::{PageAllocator, Protection};
use wrt_runtime::{
    Counting, DataSegment, IndexType, IntegrityErrorCause, LinearMemory, MemoryError,
};
use wrt_runtime::{Seal, Trap};

use super::model::Model;
use super::rights::Rights;
use super::semantics::{loaded, with_lane};
use super::setup::{Account, MemorySetup};
use super::{Mismatch, ScriptOperation, Step};
use crate::face::value_of;

/// Plays `script` on `memory`, which may have been used before but must have no seals.
///
/// After every step, the result, the size, every byte, the peak and all counts must equal those of
/// the model. Integrity is verified where the script asks for it, and at the end.
///
/// # Errors
///
/// The first step after which they differ.
pub fn run_script<P: PageAllocator, O: Counting>(
    memory: &mut LinearMemory<P, O>,
    script: &[ScriptOperation],
) -> Result<(), Mismatch> {
    run_script_with(memory, MemorySetup::new(), script)
}

/// Plays `script` on `memory`, which was created with `setup`. The charge of the budget must equal
/// that of the model, too.
///
/// # Errors
///
/// As [`run_script`].
pub fn run_script_with<P: PageAllocator, O: Counting>(
    memory: &mut LinearMemory<P, O>,
    setup: MemorySetup<'_>,
    script: &[ScriptOperation],
) -> Result<(), Mismatch> {
    let begin = |detail| mismatch(0, &"the beginning", detail);
    let mut player = Player::new(memory, setup).map_err(begin)?;
    for (step, operation) in script.iter().enumerate() {
        let outcome = player.perform(operation).and_then(|()| player.compare());
        outcome.map_err(|detail| mismatch(step, operation, detail))?;
    }
    player.integrity().map_err(|detail| mismatch(script.len(), &"the end", detail))
}

/// Plays `script` on two memories, whose types and backends may differ.
///
/// # Errors
///
/// As [`run_script`].
pub fn run_pair_script<P, Q, A, B>(
    first: &mut LinearMemory<P, A>,
    second: &mut LinearMemory<Q, B>,
    script: &[Step],
) -> Result<(), Mismatch>
where
    P: PageAllocator,
    Q: PageAllocator,
    A: Counting,
    B: Counting,
{
    run_pair_script_with(first, second, [MemorySetup::new(); 2], script)
}

/// Plays `script` on two memories, which were created with `setups`. They may share a budget.
///
/// # Errors
///
/// As [`run_script`].
pub fn run_pair_script_with<P, Q, A, B>(
    first: &mut LinearMemory<P, A>,
    second: &mut LinearMemory<Q, B>,
    setups: [MemorySetup<'_>; 2],
    script: &[Step],
) -> Result<(), Mismatch>
where
    P: PageAllocator,
    Q: PageAllocator,
    A: Counting,
    B: Counting,
{
    let begin = |detail| mismatch(0, &"the beginning", detail);
    let mut first = Player::new(first, setups[0]).map_err(begin)?;
    let mut second = Player::new(second, setups[1]).map_err(begin)?;
    Account::share(first.model.account.as_ref(), &mut second.model.account);
    for (number, step) in script.iter().enumerate() {
        let outcome = match *step {
            Step::First(ref operation) => first.perform(operation),
            Step::Second(ref operation) => second.perform(operation),
            Step::ToFirst { target, source, len } => {
                first.copy_from(target, &mut second, source, len)
            }
            Step::ToSecond { target, source, len } => {
                second.copy_from(target, &mut first, source, len)
            }
        };
        let compared = outcome.and_then(|()| first.compare()).and_then(|()| second.compare());
        compared.map_err(|detail| mismatch(number, step, detail))?;
    }
    let sound = first.integrity().and_then(|()| second.integrity());
    sound.map_err(|detail| mismatch(script.len(), &"the end", detail))
}

fn mismatch(step: usize, operation: &impl Debug, detail: String) -> Mismatch {
    Mismatch { step, operation: format!("{operation:?}"), detail }
}

/// Compares two values; an error names the difference.
fn same<T: PartialEq + Debug>(what: &str, real: T, expected: T) -> Result<(), String> {
    if real == expected {
        return Ok(());
    }
    Err(format!("{what}: {real:?}, but the model says {expected:?}"))
}

struct Player<'a, P: PageAllocator, O: Counting> {
    memory: &'a mut LinearMemory<P, O>,
    model: Model<'a>,
    segment: DataSegment<Vec<u8>>,
    seals: Vec<(Seal, Range<usize>, Vec<u8>)>,
}

/// The bytes of the data segment, all distinct.
fn segment_bytes() -> Vec<u8> {
    (100..140).collect()
}

impl<'a, P: PageAllocator, O: Counting> Player<'a, P, O> {
    fn new(memory: &'a mut LinearMemory<P, O>, setup: MemorySetup<'a>) -> Result<Self, String> {
        let model = Model {
            bytes: memory.data().map_err(|error| error.to_string())?.to_vec(),
            initial: setup.contents(memory.memory_type().initial().bytes() as usize),
            account: setup.account(),
            rights: Rights::default(),
            segment: Some(segment_bytes()),
            counts: memory.metrics().counts,
            peak: memory.peak_memory(),
            ty: *memory.memory_type(),
        };
        Ok(Self { memory, model, segment: DataSegment::new(segment_bytes()), seals: Vec::new() })
    }

    fn perform(&mut self, operation: &ScriptOperation) -> Result<(), String> {
        match *operation {
            ScriptOperation::Load { op, offset, address } => self.load(op, offset, address),
            ScriptOperation::Store { op, offset, address, bits } => {
                self.store(op, offset, address, bits)
            }
            ScriptOperation::LoadLane { op, offset, address, lane, bits } => {
                self.load_lane(op, offset, address, lane, bits)
            }
            ScriptOperation::StoreLane { op, offset, address, lane, bits } => {
                self.store_lane(op, offset, address, lane, bits)
            }
            ScriptOperation::Fill { address, byte, len } => {
                let operand = i32::from_le_bytes([byte, 0xEE, 0xEE, 0xEE]);
                let real = MemoryFill { memory: 0 }.execute(self.memory, address, operand, len);
                same("fill", real, self.model.fill(address, byte, len))
            }
            ScriptOperation::Copy { target, source, len } => {
                let real = memory_copy(self.memory, target, source, len);
                same("copy", real, self.model.copy(target, source, len))
            }
            ScriptOperation::Init { target, source, len } => {
                let init = MemoryInit { segment: 0, memory: 0 };
                let real = init.execute(self.memory, &self.segment, target, source, len);
                same("init", real, self.model.init(target, source, len))
            }
            ScriptOperation::DropData => {
                DataDrop { segment: 0 }.execute(&mut self.segment);
                self.model.segment = None;
                Ok(())
            }
            ScriptOperation::Grow { pages } => {
                let real = MemoryGrow { memory: 0 }.execute(self.memory, pages);
                let refused = self.model.ty.index_type().minus_one();
                same("grow", real, self.model.grow(pages).unwrap_or(refused))
            }
            _ => self.perform_for_host(operation),
        }
    }

    fn perform_for_host(&mut self, operation: &ScriptOperation) -> Result<(), String> {
        match *operation {
            ScriptOperation::Read { address, len } => {
                let mut target = vec![0xA5; len.into()];
                let real = traps(self.memory.read(address, &mut target));
                let expected = self.model.read(address, len.into());
                let untouched = vec![0xA5; len.into()];
                same("read bytes", &target, expected.as_ref().unwrap_or(&untouched))?;
                same("read", real, expected.map(|_| ()))
            }
            ScriptOperation::Write { address, ref bytes } => {
                let real = traps(self.memory.write(address, bytes));
                same("write", real, self.model.write(address, bytes))
            }
            ScriptOperation::Protect { start, end, rights } => {
                let real = self.memory.protect(start..end, rights).is_ok();
                same("protect", real, self.model.protect(start, end, rights).is_some())
            }
            ScriptOperation::Discard { start, end } => {
                let real = self.memory.discard(start..end).is_ok();
                same("discard", real, self.model.discard(start, end).is_some())
            }
            ScriptOperation::Reset => {
                self.memory.reset().map_err(|error| error.to_string())?;
                self.model.reset();
                self.seals.clear();
                Ok(())
            }
            ScriptOperation::Seal { start, end } => self.seal(start, end),
            ScriptOperation::Unseal if self.seals.is_empty() => Ok(()),
            ScriptOperation::Unseal => {
                let (seal, ..) = self.seals.remove(0);
                same("unseal", self.memory.unseal(&seal), true)?;
                same("unseal again", self.memory.unseal(&seal), false)
            }
            _ => self.integrity(),
        }
    }

    fn memarg(&self, offset: u64) -> MemArg {
        MemArg::offset(self.model.narrow(offset))
    }

    fn index(&self) -> IndexType {
        self.model.ty.index_type()
    }

    fn load(&mut self, op: LoadOp, offset: u64, address: u64) -> Result<(), String> {
        let load = MemoryLoad::new(op, self.memarg(offset), self.index());
        let load = load.map_err(|error| error.to_string())?;
        let real = match self.index() {
            IndexType::I32 => load.execute(self.memory, address as u32),
            IndexType::I64 => load.execute(self.memory, address),
        };
        let range = self.model.loaded(address, offset, op.access_size());
        let expected = range.map(|range| loaded(op, &self.model.bytes[range]));
        same("loaded", real.map(Some), expected)
    }

    fn store(&mut self, op: StoreOp, offset: u64, address: u64, bits: u128) -> Result<(), String> {
        let store = MemoryStore::new(op, self.memarg(offset), self.index());
        let store = store.map_err(|error| error.to_string())?;
        let value = value_of(op.operand_type(), bits);
        let real = match self.index() {
            IndexType::I32 => store.execute(self.memory, address as u32, value),
            IndexType::I64 => store.execute(self.memory, address, value),
        };
        let range = self.model.stored(address, offset, op.access_size());
        let expected = range.map(|range| {
            let len = range.len();
            self.model.bytes[range].copy_from_slice(&bits.to_le_bytes()[..len]);
        });
        same("stored", real, expected.map_err(ExecuteError::Trap))
    }

    fn load_lane(
        &mut self,
        op: LaneLoadOp,
        offset: u64,
        address: u64,
        lane: u8,
        bits: u128,
    ) -> Result<(), String> {
        let lane = lane % (16 / op.access_size() as u8);
        let load = MemoryLoadLane::new(op, self.memarg(offset), lane, self.index());
        let load = load.map_err(|error| error.to_string())?;
        let vector = bits.to_le_bytes();
        let real = match self.index() {
            IndexType::I32 => load.execute(self.memory, address as u32, V128(vector)),
            IndexType::I64 => load.execute(self.memory, address, V128(vector)),
        };
        let range = self.model.loaded(address, offset, op.access_size());
        let expected = range.map(|range| V128(with_lane(vector, lane, &self.model.bytes[range])));
        same("loaded", real, expected)
    }

    fn store_lane(
        &mut self,
        op: LaneStoreOp,
        offset: u64,
        address: u64,
        lane: u8,
        bits: u128,
    ) -> Result<(), String> {
        let size = op.access_size();
        let lane = lane % (16 / size as u8);
        let store = MemoryStoreLane::new(op, self.memarg(offset), lane, self.index());
        let store = store.map_err(|error| error.to_string())?;
        let vector = V128(bits.to_le_bytes());
        let real = match self.index() {
            IndexType::I32 => store.execute(self.memory, address as u32, vector),
            IndexType::I64 => store.execute(self.memory, address, vector),
        };
        let range = self.model.stored(address, offset, size);
        let expected = range.map(|range| {
            let from = usize::from(lane) * range.len();
            let len = range.len();
            self.model.bytes[range].copy_from_slice(&vector.0[from..from + len]);
        });
        same("stored", real, expected)
    }

    fn copy_from<Q: PageAllocator, B: Counting>(
        &mut self,
        target: u64,
        other: &mut Player<'_, Q, B>,
        source: u64,
        len: u64,
    ) -> Result<(), String> {
        let real = memory_copy_between(self.memory, target, other.memory, source, len);
        same("copied", real, self.model.copy_from(target, &mut other.model, source, len))
    }

    fn seal(&mut self, start: u64, end: u64) -> Result<(), String> {
        const MOST: usize = 8;
        let range = start as usize..end as usize;
        let fits = start <= end
            && end <= self.model.bytes.len() as u64
            && self.model.rights.allow(&range, Protection::READ);
        match self.memory.seal(start..end) {
            Ok(seal) => {
                same("sealed", true, fits && self.seals.len() < MOST)?;
                let bytes = self.model.bytes[range.clone()].to_vec();
                self.seals.push((seal, range, bytes));
                Ok(())
            }
            Err(MemoryError::ReversedRange { .. }) => same("a reversed range", true, start > end),
            Err(MemoryError::Refused(_)) => same("sealed", false, fits || start > end),
            Err(error) => same(&error.to_string(), self.seals.len(), MOST),
        }
    }

    /// Compares everything that can be observed without an operation.
    fn compare(&self) -> Result<(), String> {
        let Self { memory, model, .. } = self;
        same("byte_len", memory.byte_len(), model.bytes.len() as u64)?;
        same("size", memory_size(&**memory), model.pages())?;
        same("peak", memory.peak_memory(), model.peak)?;
        same("counts", memory.metrics().counts, model.counts)?;
        if let Some((used, expected)) = model.account.as_ref().map(Account::found_and_expected) {
            same("bytes of the budget", used, expected)?;
        }
        model.rights.readable(model.bytes.len()).into_iter().try_for_each(|range| {
            let (start, len) = (range.start as u64, range.len() as u64);
            let bytes = memory.get_safe_slice(start, len).map_err(|error| error.to_string())?;
            same_bytes(start, &bytes, &model.bytes[range])
        })?;
        let whole = 0..model.bytes.len();
        same("data", memory.data().is_ok(), model.rights.allow(&whole, Protection::READ))
    }

    /// Verifies integrity, which must hold unless sealed bytes have changed or are not readable.
    fn integrity(&self) -> Result<(), String> {
        let mut broken = Vec::new();
        let mut unreadable = Vec::new();
        for (seal, range, before) in &self.seals {
            let fault = if !self.model.rights.allow(range, Protection::READ) {
                unreadable.push(IntegrityErrorCause::SealUnreadable(seal.range()));
                unreadable.last()
            } else if self.model.bytes.get(range.clone()) != Some(before) {
                broken.push(IntegrityErrorCause::SealBroken(seal.range()));
                broken.last()
            } else {
                None
            };
            let found = self.memory.verify(seal).err().map(|error| error.cause);
            same("verify", found.as_ref(), fault)?;
        }
        // The memory has an order of its own, but certain damage comes first.
        let expected = if broken.is_empty() { unreadable } else { broken };
        let found = self.memory.verify_integrity().err().map(|error| error.cause);
        let agrees = found.as_ref().map_or(expected.is_empty(), |one| expected.contains(one));
        if agrees { Ok(()) } else { same("verify_integrity", found.as_slice(), &expected) }
    }
}

/// Compares bytes; an error names the first that differs.
fn same_bytes(start: u64, bytes: &[u8], expected: &[u8]) -> Result<(), String> {
    if bytes == expected {
        return Ok(());
    }
    let pairs = bytes.iter().zip(expected);
    let index = pairs.take_while(|(real, expected)| real == expected).count();
    let (real, expected) = (bytes.get(index), expected.get(index));
    same(&format!("byte {}", start + index as u64), real, expected)
}

/// A host's error as the trap that a guest would get.
fn traps(outcome: Result<(), MemoryError>) -> Result<(), Trap> {
    outcome.map_err(|error| match error {
        MemoryError::Refused(report) => report.trap,
        _ => Trap::OutOfBounds,
    })
}
