//! Details of a trap, computed only after it happened.

use wrt_platform::PageAllocator;
use wrt_runtime::{IndexType, Observer};

use super::call::Position;
use crate::error::Error;
use crate::ir::{Addressing, Code, Control, Misc, Op};
use crate::stop::{StopCause, StopReport};
use crate::store::Store;
use crate::trap::{FunctionRef, MemoryAccess, TrapKind, TrapReport};

/// A range of bytes that an operation accesses: the memory's index, the first byte, the length.
type Range = (u32, u128, u64);

impl<P: PageAllocator + Clone, O: Observer> Store<P, O> {
    /// The report of a trap of the operation at a position.
    pub(super) fn report(&self, at: Position, kind: TrapKind) -> Error {
        let (function, offset) = self.place(at);
        let mut report = TrapReport { function, offset, ..TrapReport::bare(kind) };
        if matches!(kind, TrapKind::Memory(_)) {
            report.access = self.access(at);
        }
        Error::Trap(Box::new(report))
    }

    /// The report of a program that is stopped before the operation at a position.
    pub(super) fn stopped(&self, at: Position, cause: StopCause) -> Error {
        let (function, offset) = self.place(at);
        Error::Stopped(Box::new(StopReport { cause, function, offset }))
    }

    /// The function an operation belongs to and the offset of its instruction in the module.
    fn place(&self, at: Position) -> (Option<FunctionRef>, Option<usize>) {
        let Some(instance) = self.instances.get(at.instance as usize) else {
            return (None, None);
        };
        let parts = &instance.module.parts;
        let function = parts.code.function_of(at.pc).map(|own| {
            let index = (parts.imported.funcs + own) as u32;
            FunctionRef { index, name: parts.names.funcs.get(&index).cloned() }
        });
        (function, parts.code.offsets.get(at.pc).map(|offset| *offset as usize))
    }

    /// The report of a segment that does not fit its memory.
    pub(crate) fn segment_trap(
        &self,
        instance: u32,
        kind: TrapKind,
        memory: u32,
        target: u64,
        len: u64,
    ) -> Error {
        let access = self.describe(instance, (memory, u128::from(target), len));
        Error::Trap(Box::new(TrapReport { access, ..TrapReport::bare(kind) }))
    }

    /// The access of the operation at a position that its memory refused.
    fn access(&self, at: Position) -> Option<MemoryAccess> {
        let (op, pc) = self.op_before_data(at)?;
        let ranges = self.ranges(op, Position { pc, ..at });
        let refused =
            ranges.into_iter().flatten().find(|range| self.is_outside(at.instance, *range));
        self.describe(at.instance, refused?)
    }

    /// The operation at a position that may point to the operation's data.
    fn op_before_data(&self, at: Position) -> Option<(Op, usize)> {
        (0..=at.pc.min(2)).find_map(|back| {
            let op = self.op(at.instance, at.pc - back)?;
            (op.code != Code::Data).then_some((op, at.pc - back))
        })
    }

    fn memory_len(&self, instance: u32, memory: u32) -> Option<u64> {
        let address = self.instances.get(instance as usize)?.memory(memory)?;
        Some(self.memories.get(address as usize)?.byte_len())
    }

    fn is_outside(&self, instance: u32, (memory, start, len): Range) -> bool {
        let memory_len = self.memory_len(instance, memory).unwrap_or(0);
        start + u128::from(len) > u128::from(memory_len)
    }

    fn describe(&self, instance: u32, (memory, address, size): Range) -> Option<MemoryAccess> {
        let found = self.instances.get(instance as usize)?.memory(memory)?;
        let found = self.memories.get(found as usize)?;
        Some(MemoryAccess {
            memory,
            memory_name: found.debug_name().map(str::to_owned),
            address,
            size,
            memory_bytes: found.byte_len(),
        })
    }

    /// A slot as an address of a memory.
    fn address(&self, at: Position, memory: u32, slot: u16) -> u128 {
        let bits = self.slot(at, slot);
        let instance = self.instances.get(at.instance as usize);
        let address = instance.and_then(|instance| instance.memory(memory));
        let found = address.and_then(|address| self.memories.get(address as usize));
        let narrow = found.is_none_or(|memory| memory.memory_type().index_type() == IndexType::I32);
        u128::from(if narrow { u64::from(bits as u32) } else { bits })
    }

    /// The ranges that the operation accesses; the caller determines which one was refused.
    fn ranges(&self, op: Op, at: Position) -> [Option<Range>; 2] {
        let one = |form, bytes| [Some(self.scalar_range(op, at, form, bytes)), None];
        match op.code {
            Code::Load(load, form) => one(form, load.bytes()),
            Code::Store(store, form) => one(form, store.bytes()),
            Code::StoreImm(store) => one(Addressing::Near, store.bytes()),
            Code::LaneLoad(load) => one(Addressing::Far, load.bytes()),
            Code::LaneStore(store) => one(Addressing::Far, store.bytes()),
            Code::Control(control) => self.bulk_ranges(control, op, at),
            Code::Misc(misc) => self.misc_ranges(misc, op, at),
            _ => [None, None],
        }
    }

    /// The range that a load or store of `bytes` bytes accesses.
    fn scalar_range(&self, op: Op, at: Position, form: Addressing, bytes: u64) -> Range {
        let slot = |slot| self.slot(at, slot) as u32;
        let scaled = || slot(op.b).wrapping_mul(bytes as u32);
        let (memory, address, offset) = match form {
            Addressing::Near | Addressing::Near64 => {
                (0, self.address(at, 0, op.b), u64::from(op.imm))
            }
            Addressing::Sum => (0, slot(op.b).wrapping_add(slot(op.c())).into(), op.d().into()),
            Addressing::Added => (0, slot(op.b).wrapping_add(op.imm).into(), 0),
            Addressing::Index => (0, scaled().into(), op.imm.into()),
            Addressing::SumIndex => (0, scaled().wrapping_add(slot(op.c())).into(), op.d().into()),
            Addressing::At => (0, 0, op.imm.into()),
            Addressing::Far => {
                let offset = self.op(at.instance, at.pc + 1).map_or(0, |data| data.bits());
                (op.imm, self.address(at, op.imm, op.b), offset)
            }
        };
        (memory, address + u128::from(offset), bytes)
    }

    fn bulk_ranges(&self, control: Control, op: Op, at: Position) -> [Option<Range>; 2] {
        let len = u64::from(self.slot(at, op.c()) as u32);
        let target = Some((0, self.address(at, 0, op.a), len));
        match control {
            Control::MemoryCopy => [target, Some((0, self.address(at, 0, op.b), len))],
            Control::MemoryFill => [target, None],
            _ => [None, None],
        }
    }

    fn misc_ranges(&self, misc: Misc, op: Op, at: Position) -> [Option<Range>; 2] {
        let [target, source, len] = [0, 1, 2].map(|i| op.a.wrapping_add(i));
        let bytes = self.slot(at, len);
        match misc {
            Misc::MemoryFill => [Some((op.imm, self.address(at, op.imm, target), bytes)), None],
            Misc::MemoryInit => {
                let memory = u32::from(op.b);
                [Some((memory, self.address(at, memory, target), bytes)), None]
            }
            Misc::MemoryCopy => {
                let to = u32::from(op.b);
                let target = (to, self.address(at, to, target), bytes);
                [Some(target), Some((op.imm, self.address(at, op.imm, source), bytes))]
            }
            _ => [None, None],
        }
    }
}
