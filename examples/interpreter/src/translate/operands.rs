//! The operand stack of the translator.
//!
//! An operand need not be in its own slot: a local that was read, or a constant, stays symbolic
//! until an operation uses it, so that reading a local costs nothing. Before a local is written,
//! operands that refer to its old value are copied to their own slots.

use super::{Translator, effort};
use crate::exec::WINDOW;
use crate::ir::{Code, Control, Op, UnOp};
use crate::types::ValType;

/// Location of an operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// In its own slot.
    Own,
    /// In a local's slot.
    Local(u32),
    /// In no slot yet.
    Const(Const),
}

/// A constant, in the form of a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Const {
    pub(super) ty: ValType,
    pub(super) bits: u64,
}

/// An operand on the stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand {
    pub(super) place: Place,
    /// Its own slot: the number of slots of the operands below it, after those of the locals.
    pub(super) slot: u16,
    /// Whether it takes two slots.
    pub(super) wide: bool,
    /// Whether it is an `i32` in the lower half of a slot with an arbitrary upper half.
    pub(super) low: bool,
    /// For a local: one more than the index of the next operand below that refers to the same
    /// local, 0 if there is none.
    pub(super) below: u32,
    /// Unless it is settled: one more than the index of the next operand below that may not be
    /// settled, 0 if there is none.
    pub(super) loose: u32,
}

impl Operand {
    /// Whether it is in its own slot and fills it.
    fn is_settled(&self) -> bool {
        self.place == Place::Own && !self.low
    }
}

impl Const {
    /// The constant as a 32-bit immediate, if it fits.
    pub(super) fn imm(self) -> Option<u32> {
        match self.ty {
            ValType::I32 | ValType::F32 => Some(self.bits as u32),
            ValType::F64 => {
                let value = f64::from_bits(self.bits);
                let narrow = value as f32;
                (f64::from(narrow).to_bits() == self.bits && !value.is_nan())
                    .then(|| narrow.to_bits())
            }
            _ => i32::try_from(self.bits.cast_signed()).ok().map(i32::cast_unsigned),
        }
    }

    /// The constant as a 16-bit immediate, sign-extended, if it fits.
    pub(super) fn short(self) -> Option<u16> {
        let value = match self.ty {
            ValType::I32 | ValType::F32 => i64::from(self.bits as i32),
            _ => self.bits.cast_signed(),
        };
        i16::try_from(value).ok().map(i16::cast_unsigned)
    }
}

/// A 32-bit immediate as 16 bits, sign-extended, if it fits.
pub(super) fn shorten(imm: u32) -> Option<u16> {
    i16::try_from(imm.cast_signed()).ok().map(i16::cast_unsigned)
}

impl Translator<'_> {
    fn push(&mut self, place: Place, wide: bool) -> u16 {
        let slot = self.top as u16;
        self.top += if wide { 2 } else { 1 };
        self.too_large |= self.top >= WINDOW;
        self.stack.push(Operand { place, slot, wide, low: false, below: 0, loose: 0 });
        if place != Place::Own {
            self.loosen();
        }
        slot
    }

    /// Marks the operand on top as not settled.
    fn loosen(&mut self) {
        let index = self.stack.len() as u32;
        if self.loose != index
            && let Some(operand) = self.stack.last_mut()
        {
            operand.loose = core::mem::replace(&mut self.loose, index);
        }
    }

    /// Pushes an operand that will be in its own slot, which is returned.
    pub(super) fn push_own(&mut self, ty: ValType) -> u16 {
        self.push(Place::Own, ty == ValType::V128)
    }

    pub(super) fn push_const(&mut self, ty: ValType, bits: u64) {
        self.push(Place::Const(Const { ty, bits }), false);
    }

    pub(super) fn push_local(&mut self, local: u32) {
        let wide = self.local_type(local) == ValType::V128;
        self.push(Place::Local(local), wide);
        let index = self.stack.len() as u32;
        let below = core::mem::replace(self.scratch.topmost(local), index);
        if let Some(operand) = self.stack.last_mut() {
            operand.below = below;
        }
    }

    /// Takes the operand on top, which exists by validation.
    pub(super) fn pop(&mut self) -> Operand {
        let slot = self.top as u16;
        let nothing =
            Operand { place: Place::Own, slot, wide: false, low: false, below: 0, loose: 0 };
        let index = self.stack.len() as u32;
        let operand = self.stack.pop().unwrap_or(nothing);
        self.top = usize::from(operand.slot);
        self.steady = self.steady.min(self.stack.len());
        if self.loose == index {
            self.loose = operand.loose;
        }
        if let Place::Local(local) = operand.place {
            *self.scratch.topmost(local) = operand.below;
        }
        operand
    }

    /// Marks the operand on top as an `i32` in the lower half of its slot.
    pub(super) fn mark_low(&mut self) {
        self.loosen();
        if let Some(operand) = self.stack.last_mut() {
            operand.low = true;
        }
    }

    /// Drops operands until `height` remain.
    pub(super) fn truncate(&mut self, height: usize) {
        while self.stack.len() > height {
            self.pop();
        }
    }

    /// The slot that holds an operand that was popped; a constant is put into its own.
    pub(super) fn slot_of(&mut self, operand: Operand) -> u16 {
        if operand.low {
            self.put(operand, operand.slot);
            return operand.slot;
        }
        self.low_slot_of(operand)
    }

    /// [`slot_of`](Self::slot_of) for operations that read only the lower half of an `i32`.
    pub(super) fn low_slot_of(&mut self, operand: Operand) -> u16 {
        match operand.place {
            Place::Own => operand.slot,
            Place::Local(local) => self.local_slot(local),
            Place::Const(value) => {
                if let Some(slot) = self.kept(value) {
                    return slot;
                }
                self.emit_const(operand.slot, value);
                operand.slot
            }
        }
    }

    /// The slot that holds a constant from the function's start on.
    pub(super) fn kept(&self, value: Const) -> Option<u16> {
        if value.imm().is_some() {
            return None;
        }
        self.constants.iter().find(|(bits, _)| *bits == value.bits).map(|(_, slot)| *slot)
    }

    /// Puts an operand into `slot`.
    pub(super) fn put(&mut self, operand: Operand, slot: u16) {
        let from = match operand.place {
            Place::Const(value) => match self.kept(value) {
                Some(kept) => kept,
                None => return self.emit_const(slot, value),
            },
            Place::Own => operand.slot,
            Place::Local(local) => self.local_slot(local),
        };
        if operand.low {
            self.emit(Op::new(Code::Un(UnOp::I32WrapI64), slot, from, 0));
        } else {
            self.emit_copy(slot, from, operand.wide);
        }
    }

    /// Puts the operands from `height` on into their own slots.
    pub(super) fn settle(&mut self, height: usize) {
        let mut found = Vec::new();
        while let Some(index) = (self.loose as usize).checked_sub(1)
            && index >= height
            && let Some(operand) = self.stack.get(index)
        {
            self.loose = operand.loose;
            found.push(index);
        }
        for index in found.into_iter().rev() {
            self.settle_one(index, height);
        }
        if self.steady >= height {
            self.steady = self.stack.len();
        }
    }

    /// Whether all operands from `height` on are in their own slots.
    pub(super) fn is_settled(&mut self, height: usize) -> bool {
        while let Some(index) = (self.loose as usize).checked_sub(1)
            && let Some(operand) = self.stack.get(index)
            && operand.is_settled()
        {
            self.loose = operand.loose;
        }
        self.loose as usize <= height
    }

    /// Puts locals among the operands from `height` on into their own slots, since the block that
    /// starts here may write them.
    ///
    /// `height` is the start of the current block. Operands below it are already settled, and
    /// operands settled since are not visited again.
    pub(super) fn settle_locals(&mut self, height: usize) {
        let start = self.steady.max(height);
        for index in start..self.stack.len() {
            effort::step();
            let place = self.stack.get(index).map(|operand| operand.place);
            if matches!(place, Some(Place::Local(_))) {
                self.settle_one(index, start);
            }
        }
        self.steady = self.stack.len();
    }

    /// Puts an operand into its own slot, one of those from `start` on that are being settled.
    fn settle_one(&mut self, index: usize, start: usize) {
        effort::step();
        let Some(operand) = self.stack.get(index).copied() else {
            return;
        };
        if operand.is_settled() {
            return;
        }
        self.put(operand, operand.slot);
        if let Place::Local(local) = operand.place
            && operand.below as usize <= start
        {
            *self.scratch.topmost(local) = operand.below;
        }
        self.mark_settled(index);
    }

    fn mark_settled(&mut self, index: usize) {
        if let Some(operand) = self.stack.get_mut(index) {
            *operand = Operand { place: Place::Own, low: false, below: 0, ..*operand };
        }
    }

    /// Copies operands that refer to a local's old value before it is written.
    fn preserve(&mut self, local: u32) {
        let mut next = core::mem::take(self.scratch.topmost(local));
        let mut found = Vec::new();
        while let Some(index) = (next as usize).checked_sub(1)
            && let Some(operand) = self.stack.get(index).copied()
        {
            effort::step();
            found.push((index, operand));
            next = operand.below;
        }
        for (index, operand) in found.into_iter().rev() {
            self.put(operand, operand.slot);
            self.mark_settled(index);
        }
    }

    /// Sets a local to the operand on top.
    pub(super) fn set_local(&mut self, local: u32) {
        let operand = self.pop();
        if operand.place == Place::Local(local) && !operand.low {
            return;
        }
        let slot = self.local_slot(local);
        if !operand.low
            && self.is_fresh(&operand)
            && let Some((op, offset)) = self.take_last()
        {
            // The copies go first: the operation overwrites what they read.
            self.preserve(local);
            self.restore_last(Op { a: slot, ..op }, offset);
            return;
        }
        self.preserve(local);
        self.put(operand, slot);
    }

    /// Sets a local to the operand on top and keeps the operand.
    pub(super) fn tee_local(&mut self, local: u32) {
        let top = self.stack.last().map(|operand| operand.place);
        self.set_local(local);
        match top {
            Some(Place::Const(value)) => self.push_const(value.ty, value.bits),
            _ => self.push_local(local),
        }
    }

    pub(super) fn emit_const(&mut self, slot: u16, value: Const) {
        let bits = value.bits;
        if let Ok(imm) = u32::try_from(bits) {
            self.emit(Op::control(Control::Const, slot, 0, imm));
        } else if let Ok(imm) = i32::try_from(bits.cast_signed()) {
            self.emit(Op::control(Control::ConstSigned, slot, 0, imm.cast_unsigned()));
        } else {
            self.emit(Op::control(Control::ConstLong, slot, 0, 0));
            self.emit(Op::data(bits));
        }
    }

    pub(super) fn emit_copy(&mut self, to: u16, from: u16, wide: bool) {
        if to == from {
            return;
        }
        if wide {
            self.emit(Op::control(Control::CopySpan, to, from, 2));
            return;
        }
        let mergeable = self.code.ops.len() > self.barrier;
        if let Some(last) = self.code.ops.last_mut()
            && mergeable
            && last.code == Code::Control(Control::Copy)
        {
            *last = Op::wide(Code::Control(Control::CopyTwo), last.a, last.b, to, from);
            return;
        }
        self.emit(Op::control(Control::Copy, to, from, 0));
    }

    pub(super) fn local_slot(&self, local: u32) -> u16 {
        self.locals.slot(local)
    }

    pub(super) fn local_type(&self, local: u32) -> ValType {
        self.locals.ty(local)
    }

    /// Copies slots in a row.
    pub(super) fn emit_span(&mut self, to: u16, from: u16, slots: usize) {
        if to != from {
            self.emit(Op::control(Control::CopySpan, to, from, slots as u32));
        }
    }
}
