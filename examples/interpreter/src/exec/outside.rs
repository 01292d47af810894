//! Operations executed outside of the inner loop, with access to the whole store.

use wrt_instructions::{
    data_drop, memory_copy, memory_copy_between, memory_fill, memory_grow, memory_init, memory_size,
};
use wrt_platform::PageAllocator;
use wrt_runtime::{IndexType, Observer};

use super::call::Position;
use crate::ir::{Code, Misc, Op};
use crate::simd::{SimdOp, bitselect, shuffle, swizzle};
use crate::store::Store;
use crate::trap::TrapKind;

/// The trap for an invalid index, which validation rules out.
const MISSING: TrapKind = TrapKind::TableOutOfBounds;

impl<P: PageAllocator + Clone, O: Observer> Store<P, O> {
    /// Executes the operation at a position and returns the next position.
    pub(super) fn outside(&mut self, at: Position) -> Result<usize, TrapKind> {
        let op = self.op(at.instance, at.pc).ok_or(MISSING)?;
        match op.code {
            Code::Misc(misc) => {
                if let Some(result) = self.misc(misc, op, at)? {
                    self.set_slot(at, op.a, result);
                }
                Ok(at.pc + 1)
            }
            Code::Simd(simd) => self.simd(simd, op, at),
            _ => Ok(at.pc + 1),
        }
    }

    pub(super) fn op(&self, instance: u32, pc: usize) -> Option<Op> {
        self.instances.get(instance as usize)?.module.parts.code.ops.get(pc).copied()
    }

    pub(super) fn slot(&self, at: Position, slot: u16) -> u64 {
        self.stack.get(at.base + usize::from(slot)).copied().unwrap_or(0)
    }

    fn set_slot(&mut self, at: Position, slot: u16, bits: u64) {
        if let Some(target) = self.stack.get_mut(at.base + usize::from(slot)) {
            *target = bits;
        }
    }

    /// Three operands in consecutive slots.
    fn three(&self, at: Position, slot: u16) -> [u64; 3] {
        [0, 1, 2].map(|i| self.slot(at, slot.wrapping_add(i)))
    }

    /// Executes a rare operation and returns its result, if it has one.
    fn misc(&mut self, misc: Misc, op: Op, at: Position) -> Result<Option<u64>, TrapKind> {
        let instance = at.instance;
        let operands = self.three(at, op.a);
        match misc {
            Misc::MemorySize => return self.pages(instance, op.imm).map(Some),
            Misc::MemoryGrow => return self.grow(instance, op.imm, operands[0]).map(Some),
            Misc::MemoryFill => self.fill(instance, op.imm, operands)?,
            Misc::MemoryCopy => self.copy(instance, u32::from(op.b), op.imm, operands)?,
            Misc::MemoryInit => self.memory_init(instance, u32::from(op.b), op.imm, operands)?,
            Misc::DataDrop => self.data_drop(instance, op.imm),
            _ => return self.table_misc(misc, op, instance, operands),
        }
        Ok(None)
    }

    fn table_misc(
        &mut self,
        misc: Misc,
        op: Op,
        instance: u32,
        operands: [u64; 3],
    ) -> Result<Option<u64>, TrapKind> {
        let [first, second, _] = operands;
        match misc {
            Misc::TableGet => return self.table_get(instance, op.imm, first).map(Some),
            Misc::TableSize => return self.elements(instance, op.imm).map(Some),
            Misc::TableGrow => return self.table_grow(instance, op.imm, second, first).map(Some),
            Misc::RefFunc => return self.reference(instance, op.imm).map(Some),
            Misc::TableSet => self.table_set(instance, op.imm, first, second)?,
            Misc::TableFill => self.table_fill(instance, op.imm, operands)?,
            Misc::TableCopy => self.table_copy(instance, u32::from(op.b), op.imm, operands)?,
            Misc::TableInit => self.table_init(instance, u32::from(op.b), op.imm, operands)?,
            Misc::ElemDrop => self.elem_drop(instance, op.imm),
            _ => {}
        }
        Ok(None)
    }

    fn reference(&self, instance: u32, function: u32) -> Result<u64, TrapKind> {
        let instance = self.instances.get(instance as usize).ok_or(MISSING)?;
        Ok(instance.func_reference(function))
    }

    fn pages(&self, instance: u32, index: u32) -> Result<u64, TrapKind> {
        let memory = self.memories.get(self.memory_at(instance, index)?).ok_or(MISSING)?;
        Ok(memory_size(memory))
    }

    fn elements(&self, instance: u32, index: u32) -> Result<u64, TrapKind> {
        let table = self.tables.get(self.table_at(instance, index)?).ok_or(MISSING)?;
        Ok(table.elements.len() as u64)
    }

    fn memory_at(&self, instance: u32, index: u32) -> Result<usize, TrapKind> {
        let instance = self.instances.get(instance as usize).ok_or(MISSING)?;
        instance.memory(index).map(|address| address as usize).ok_or(MISSING)
    }

    fn table_at(&self, instance: u32, index: u32) -> Result<usize, TrapKind> {
        let instance = self.instances.get(instance as usize).ok_or(MISSING)?;
        instance.table(index).map(|address| address as usize).ok_or(MISSING)
    }

    fn grow(&mut self, instance: u32, index: u32, delta: u64) -> Result<u64, TrapKind> {
        let address = self.memory_at(instance, index)?;
        let memory = self.memories.get_mut(address).ok_or(MISSING)?;
        Ok(memory_grow(memory, delta))
    }

    fn fill(
        &mut self,
        instance: u32,
        index: u32,
        [target, byte, len]: [u64; 3],
    ) -> Result<(), TrapKind> {
        let address = self.memory_at(instance, index)?;
        let memory = self.memories.get_mut(address).ok_or(MISSING)?;
        Ok(memory_fill(memory, target, byte as u8, len)?)
    }

    fn copy(
        &mut self,
        instance: u32,
        to: u32,
        from: u32,
        [target, source, len]: [u64; 3],
    ) -> Result<(), TrapKind> {
        let (to, from) = (self.memory_at(instance, to)?, self.memory_at(instance, from)?);
        if to == from {
            let memory = self.memories.get_mut(to).ok_or(MISSING)?;
            return Ok(memory_copy(memory, target, source, len)?);
        }
        let [to, from] = self.memories.get_disjoint_mut([to, from]).map_err(|_| MISSING)?;
        Ok(memory_copy_between(to, target, from, source, len)?)
    }

    /// `memory.init`; also how active segments are applied.
    pub(crate) fn memory_init(
        &mut self,
        instance: u32,
        memory: u32,
        segment: u32,
        [target, source, len]: [u64; 3],
    ) -> Result<(), TrapKind> {
        let memory = self.memory_at(instance, memory)?;
        let memory = self.memories.get_mut(memory).ok_or(MISSING)?;
        let instance = self.instances.get(instance as usize).ok_or(MISSING)?;
        let segment = instance.data.get(segment as usize).ok_or(MISSING)?;
        Ok(memory_init(memory, segment, target, source, len)?)
    }

    /// `data.drop`.
    pub(crate) fn data_drop(&mut self, instance: u32, segment: u32) {
        let instance = self.instances.get_mut(instance as usize);
        if let Some(segment) = instance.and_then(|instance| instance.data.get_mut(segment as usize))
        {
            data_drop(segment);
        }
    }

    /// `elem.drop`.
    pub(crate) fn elem_drop(&mut self, instance: u32, segment: u32) {
        let instance = self.instances.get_mut(instance as usize);
        if let Some(segment) =
            instance.and_then(|instance| instance.elements.get_mut(segment as usize))
        {
            *segment = Vec::new();
        }
    }

    fn table_get(&self, instance: u32, index: u32, element: u64) -> Result<u64, TrapKind> {
        let table = self.tables.get(self.table_at(instance, index)?).ok_or(MISSING)?;
        let element = usize::try_from(element).ok().and_then(|element| table.elements.get(element));
        element.copied().ok_or(TrapKind::TableOutOfBounds)
    }

    fn table_set(
        &mut self,
        instance: u32,
        index: u32,
        element: u64,
        reference: u64,
    ) -> Result<(), TrapKind> {
        let address = self.table_at(instance, index)?;
        let table = self.tables.get_mut(address).ok_or(MISSING)?;
        let element =
            usize::try_from(element).ok().and_then(|element| table.elements.get_mut(element));
        *element.ok_or(TrapKind::TableOutOfBounds)? = reference;
        Ok(())
    }

    fn table_grow(
        &mut self,
        instance: u32,
        index: u32,
        delta: u64,
        init: u64,
    ) -> Result<u64, TrapKind> {
        let address = self.table_at(instance, index)?;
        let table = self.tables.get(address).ok_or(MISSING)?;
        let refused = match table.ty.index {
            IndexType::I32 => u64::from(u32::MAX),
            IndexType::I64 => u64::MAX,
        };
        Ok(self.tables.grow(address, delta, init).unwrap_or(refused))
    }

    fn table_fill(
        &mut self,
        instance: u32,
        index: u32,
        [target, value, len]: [u64; 3],
    ) -> Result<(), TrapKind> {
        let address = self.table_at(instance, index)?;
        let table = self.tables.get_mut(address).ok_or(MISSING)?;
        part_mut(&mut table.elements, target, len)?.fill(value);
        Ok(())
    }

    fn table_copy(
        &mut self,
        instance: u32,
        to: u32,
        from: u32,
        [target, source, len]: [u64; 3],
    ) -> Result<(), TrapKind> {
        let (to, from) = (self.table_at(instance, to)?, self.table_at(instance, from)?);
        if to == from {
            let elements = &mut self.tables.get_mut(to).ok_or(MISSING)?.elements;
            part(elements, source, len)?;
            part_mut(elements, target, len)?;
            // Checked above: both ranges lie in the table.
            let (target, source, len) = (target as usize, source as usize, len as usize);
            elements.copy_within(source..source + len, target);
            return Ok(());
        }
        let [to, from] = self.tables.get_disjoint_mut([to, from]).map_err(|_| MISSING)?;
        let source = part(&from.elements, source, len)?;
        part_mut(&mut to.elements, target, len)?.copy_from_slice(source);
        Ok(())
    }

    /// `table.init`; also how active segments are applied.
    pub(crate) fn table_init(
        &mut self,
        instance: u32,
        table: u32,
        segment: u32,
        [target, source, len]: [u64; 3],
    ) -> Result<(), TrapKind> {
        let address = self.table_at(instance, table)?;
        let table = self.tables.get_mut(address).ok_or(MISSING)?;
        let instance = self.instances.get(instance as usize).ok_or(MISSING)?;
        let segment = instance.elements.get(segment as usize).ok_or(MISSING)?;
        let source = part(segment, source, len)?;
        part_mut(&mut table.elements, target, len)?.copy_from_slice(source);
        Ok(())
    }

    fn vector(&self, at: Position, slot: u16) -> u128 {
        u128::from(self.slot(at, slot)) | u128::from(self.slot(at, slot.wrapping_add(1))) << 64
    }

    fn set_vector(&mut self, at: Position, slot: u16, bits: u128) {
        self.set_slot(at, slot, bits as u64);
        self.set_slot(at, slot.wrapping_add(1), (bits >> 64) as u64);
    }

    fn simd(&mut self, simd: SimdOp, op: Op, at: Position) -> Result<usize, TrapKind> {
        let a = op.a;
        let second = a.wrapping_add(2);
        let first = self.vector(at, a);
        let data = |i: usize| self.op(at.instance, at.pc + i).map_or(0, |op| u128::from(op.bits()));
        let (mut next, data) = (at.pc + 1, data(1) | data(2) << 64);
        let result = match simd {
            SimdOp::Const => data,
            SimdOp::Shuffle => shuffle(first, self.vector(at, second), data),
            SimdOp::Swizzle => swizzle(first, self.vector(at, second)),
            SimdOp::Bitselect => {
                bitselect(first, self.vector(at, second), self.vector(at, a.wrapping_add(4)))
            }
            SimdOp::AnyTrue => u128::from(first != 0),
            SimdOp::Bin(bin) => bin.eval(first, self.vector(at, second)),
            SimdOp::Un(un) => un.eval(first),
            SimdOp::Shift(shift) => shift.eval(first, self.slot(at, second) as u32),
            SimdOp::Test(test) => u128::from(test.eval(first)),
            SimdOp::Splat(splat) => splat.eval(self.slot(at, a)),
            SimdOp::Extract(extract) => u128::from(extract.eval(first, op.b)),
            SimdOp::Replace(replace) => replace.eval(first, op.b, self.slot(at, second)),
        };
        if matches!(simd, SimdOp::Const | SimdOp::Shuffle) {
            next += 2;
        }
        if matches!(simd, SimdOp::AnyTrue | SimdOp::Test(_) | SimdOp::Extract(_)) {
            self.set_slot(at, a, result as u64);
        } else {
            self.set_vector(at, a, result);
        }
        Ok(next)
    }
}

fn part(elements: &[u64], start: u64, len: u64) -> Result<&[u64], TrapKind> {
    let range = range(start, len).ok_or(TrapKind::TableOutOfBounds)?;
    elements.get(range).ok_or(TrapKind::TableOutOfBounds)
}

fn part_mut(elements: &mut [u64], start: u64, len: u64) -> Result<&mut [u64], TrapKind> {
    let range = range(start, len).ok_or(TrapKind::TableOutOfBounds)?;
    elements.get_mut(range).ok_or(TrapKind::TableOutOfBounds)
}

fn range(start: u64, len: u64) -> Option<core::ops::Range<usize>> {
    let end = usize::try_from(start.checked_add(len)?).ok()?;
    Some(usize::try_from(start).ok()?..end)
}
