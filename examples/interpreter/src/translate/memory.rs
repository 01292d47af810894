//! Memory and table instructions.

use wasmparser::{MemArg, MemArgTarget, Operator};
use wrt_runtime::IndexType;

use super::Translator;
use super::operands::{Operand, Place};
use crate::ir::{Addressing, BinOp, Code, Control, Form, FuseForm, FuseOp, Misc, Op};
use crate::memory_ops::{Access, LaneLoadOp, LaneStoreOp, LoadOp, StoreOp, access};
use crate::types::ValType;

/// Addressing of memory 0 with 32-bit addresses.
enum Address {
    /// A slot and an offset.
    Slot(u16, u32),
    /// Two slots and a short offset.
    Sum(u16, u16, u16),
    /// A slot and a number to add.
    Added(u16, u32),
    /// A slot that counts accesses of this size, and an offset.
    Index(u16, u32),
    /// The same, and a slot to add to it, and a short offset.
    SumIndex(u16, u16, u16),
    /// A number.
    At(u32),
}

/// The memory an instruction accesses.
fn memory_of(memarg: &MemArg) -> u32 {
    match memarg.target {
        MemArgTarget::Memory(index) => index,
        MemArgTarget::Array(_) => 0,
    }
}

/// The address that an operation computes, if an access of `bytes` bytes can do that itself.
fn computed(op: &Op, offset: u32, bytes: u64) -> Option<Address> {
    let scale = bytes.trailing_zeros();
    let short = u16::try_from(offset).ok();
    match op.code {
        Code::Bin(BinOp::I32Add, Form::Rr) => Some(Address::Sum(op.b, op.c(), short?)),
        Code::Bin(BinOp::I32Add, Form::Ri) if offset == 0 => Some(Address::Added(op.b, op.imm)),
        Code::Bin(BinOp::I32Shl, Form::Ri) if op.imm == scale => Some(Address::Index(op.b, offset)),
        Code::Fuse(FuseOp::I32Shl, FuseOp::I32Add, FuseForm::Ir) if u32::from(op.c()) == scale => {
            Some(Address::SumIndex(op.b, op.d(), short?))
        }
        _ => None,
    }
}

impl Translator<'_> {
    pub(super) fn memory(&mut self, operator: &Operator<'_>) -> bool {
        if let Some((access, memarg)) = access(operator) {
            match access {
                Access::Load(op) => self.load(op, &memarg),
                Access::Store(op) => self.store(op, &memarg),
                Access::LaneLoad(op, lane) => self.lane_load(op, lane, &memarg),
                Access::LaneStore(op, lane) => self.lane_store(op, lane, &memarg),
            }
            return true;
        }
        self.bulk(operator)
    }

    fn index_type(&self, memory: u32) -> IndexType {
        self.parts.memories.get(memory as usize).map_or(IndexType::I32, |ty| ty.index_type())
    }

    /// The cheapest addressing in memory 0, if its addresses have 32 bits.
    ///
    /// With `fuse`, the last operation, which computes the address, is removed. Its operands may
    /// lie in the slots from `operand.slot` on, so these must not be written before the access.
    fn address(
        &mut self,
        operand: Operand,
        memarg: &MemArg,
        bytes: u64,
        fuse: bool,
    ) -> Option<Address> {
        if memory_of(memarg) != 0 || self.index_type(0) != IndexType::I32 {
            return None;
        }
        let offset = u32::try_from(memarg.offset).ok()?;
        if let Place::Const(value) = operand.place
            && let Some(at) = (value.bits as u32).checked_add(offset)
        {
            return Some(Address::At(at));
        }
        if fuse
            && let Some(op) = self.fresh_op(&operand)
            && let Some(address) = computed(&op, offset, bytes)
        {
            self.take_last();
            return Some(address);
        }
        Some(Address::Slot(self.low_slot_of(operand), offset))
    }

    /// Whether memory 0 has 64-bit addresses, and the offset fits into an operation.
    fn near64(&self, memarg: &MemArg) -> Option<u32> {
        let near = memory_of(memarg) == 0 && self.index_type(0) == IndexType::I64;
        u32::try_from(memarg.offset).ok().filter(|_| near)
    }

    fn load(&mut self, op: LoadOp, memarg: &MemArg) {
        let operand = self.pop();
        let address = self.address(operand, memarg, op.bytes(), true);
        // One slot is like another: only the size matters.
        let ty = if op.is_wide() { ValType::V128 } else { ValType::I64 };
        let code = |form| Code::Load(op, form);
        let load = match address {
            Some(Address::Slot(b, offset)) => Op::new(code(Addressing::Near), 0, b, offset),
            Some(Address::Sum(b, c, d)) => Op::wide(code(Addressing::Sum), 0, b, c, d),
            Some(Address::Added(b, added)) => Op::new(code(Addressing::Added), 0, b, added),
            Some(Address::Index(b, offset)) => Op::new(code(Addressing::Index), 0, b, offset),
            Some(Address::SumIndex(b, c, d)) => Op::wide(code(Addressing::SumIndex), 0, b, c, d),
            Some(Address::At(at)) => Op::new(code(Addressing::At), 0, 0, at),
            None => {
                let b = self.slot_of(operand);
                if let Some(offset) = self.near64(memarg) {
                    Op::new(code(Addressing::Near64), 0, b, offset)
                } else {
                    let a = self.push_own(ty);
                    self.emit(Op::new(code(Addressing::Far), a, b, memory_of(memarg)));
                    self.emit(Op::data(memarg.offset));
                    return;
                }
            }
        };
        let a = self.push_own(ty);
        self.emit_fresh(Op { a, ..load });
    }

    fn store(&mut self, op: StoreOp, memarg: &MemArg) {
        let value = self.pop();
        let operand = self.pop();
        // Before the value is put anywhere: the sum of an address must be the last operation.
        let to_be_put = matches!(value.place, Place::Const(value) if self.kept(value).is_none());
        let address = self.address(operand, memarg, op.bytes(), !to_be_put);
        let code = |form| Code::Store(op, form);
        if let (Some(Address::Slot(b, offset)), Place::Const(constant)) = (&address, value.place)
            && let Some(short) = constant.short()
        {
            self.emit(Op::new(Code::StoreImm(op), short, *b, *offset));
            return;
        }
        let a = self.low_slot_of(value);
        match address {
            Some(Address::Slot(b, offset)) => {
                self.emit(Op::new(code(Addressing::Near), a, b, offset))
            }
            Some(Address::Sum(b, c, d)) => self.emit(Op::wide(code(Addressing::Sum), a, b, c, d)),
            Some(Address::Added(b, added)) => {
                self.emit(Op::new(code(Addressing::Added), a, b, added))
            }
            Some(Address::Index(b, offset)) => {
                self.emit(Op::new(code(Addressing::Index), a, b, offset))
            }
            Some(Address::SumIndex(b, c, d)) => {
                self.emit(Op::wide(code(Addressing::SumIndex), a, b, c, d))
            }
            Some(Address::At(at)) => self.emit(Op::new(code(Addressing::At), a, 0, at)),
            None => {
                let b = self.slot_of(operand);
                if let Some(offset) = self.near64(memarg) {
                    self.emit(Op::new(code(Addressing::Near64), a, b, offset));
                } else {
                    self.emit(Op::new(code(Addressing::Far), a, b, memory_of(memarg)));
                    self.emit(Op::data(memarg.offset));
                }
            }
        }
    }

    fn lane_load(&mut self, op: LaneLoadOp, lane: u8, memarg: &MemArg) {
        let vector = self.pop();
        let operand = self.pop();
        let (b, vector) = (self.slot_of(operand), self.slot_of(vector));
        let a = self.push_own(ValType::V128);
        self.emit(Op::new(Code::LaneLoad(op), a, b, memory_of(memarg)));
        self.emit(Op::data(memarg.offset));
        self.emit(Op::data(u64::from(vector) | u64::from(lane) << 16));
    }

    fn lane_store(&mut self, op: LaneStoreOp, lane: u8, memarg: &MemArg) {
        let vector = self.pop();
        let operand = self.pop();
        let (b, vector) = (self.slot_of(operand), self.slot_of(vector));
        self.emit(Op::new(Code::LaneStore(op), vector, b, memory_of(memarg)));
        self.emit(Op::data(memarg.offset));
        self.emit(Op::data(u64::from(vector) | u64::from(lane) << 16));
    }

    fn bulk(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::MemorySize { mem: 0 } => {
                let a = self.push_own(ValType::I64);
                self.emit_fresh(Op::control(Control::MemorySize, a, 0, 0));
            }
            Operator::MemorySize { mem } => self.misc(Misc::MemorySize, 0, 0, mem, 1),
            Operator::MemoryGrow { mem } => self.misc(Misc::MemoryGrow, 1, 0, mem, 1),
            Operator::MemoryFill { mem: 0 } if self.index_type(0) == IndexType::I32 => {
                self.bulk_near(Control::MemoryFill);
            }
            Operator::MemoryFill { mem } => self.misc(Misc::MemoryFill, 3, 0, mem, 0),
            Operator::MemoryCopy { dst_mem: 0, src_mem: 0 }
                if self.index_type(0) == IndexType::I32 =>
            {
                self.bulk_near(Control::MemoryCopy);
            }
            Operator::MemoryCopy { dst_mem, src_mem } => {
                self.misc(Misc::MemoryCopy, 3, dst_mem, src_mem, 0)
            }
            Operator::MemoryInit { data_index, mem } => {
                self.misc(Misc::MemoryInit, 3, mem, data_index, 0)
            }
            Operator::DataDrop { data_index } => self.misc(Misc::DataDrop, 0, 0, data_index, 0),
            _ => return false,
        }
        true
    }

    /// `memory.copy` or `memory.fill` of memory 0 with 32-bit addresses.
    fn bulk_near(&mut self, op: Control) {
        let (third, second, first) = (self.pop(), self.pop(), self.pop());
        let (a, b, c) = (self.slot_of(first), self.slot_of(second), self.slot_of(third));
        self.meter_bytes(c);
        self.emit(Op::wide(Code::Control(op), a, b, c, 0));
    }

    pub(super) fn table(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::TableGet { table } => self.misc(Misc::TableGet, 1, 0, table, 1),
            Operator::TableSet { table } => self.misc(Misc::TableSet, 2, 0, table, 0),
            Operator::TableSize { table } => self.misc(Misc::TableSize, 0, 0, table, 1),
            Operator::TableGrow { table } => self.misc(Misc::TableGrow, 2, 0, table, 1),
            Operator::TableFill { table } => self.misc(Misc::TableFill, 3, 0, table, 0),
            Operator::TableCopy { dst_table, src_table } => {
                self.misc(Misc::TableCopy, 3, dst_table, src_table, 0)
            }
            Operator::TableInit { elem_index, table } => {
                self.misc(Misc::TableInit, 3, table, elem_index, 0)
            }
            Operator::ElemDrop { elem_index } => self.misc(Misc::ElemDrop, 0, 0, elem_index, 0),
            Operator::RefIsNull => {
                let operand = self.pop();
                let b = self.slot_of(operand);
                let a = self.push_own(ValType::I32);
                self.emit_fresh(Op::new(Code::Un(crate::ir::UnOp::I64Eqz), a, b, 0));
            }
            _ => return false,
        }
        true
    }

    /// An operation that finds its operands in consecutive slots and leaves a result there.
    pub(super) fn misc(&mut self, op: Misc, operands: usize, b: u32, imm: u32, results: usize) {
        let height = self.stack.len().saturating_sub(operands);
        self.settle(height);
        self.truncate(height);
        let a = self.top as u16;
        match op {
            Misc::MemoryFill | Misc::MemoryCopy | Misc::MemoryInit => {
                self.meter_bytes(a.wrapping_add(2));
            }
            Misc::TableFill | Misc::TableCopy | Misc::TableInit => {
                self.meter_elements(a.wrapping_add(2));
            }
            Misc::TableGrow => self.meter_elements(a.wrapping_add(1)),
            _ => {}
        }
        self.emit(Op::new(Code::Misc(op), a, b as u16, imm));
        if results > 0 {
            self.push_own(ValType::I64);
        }
    }
}
