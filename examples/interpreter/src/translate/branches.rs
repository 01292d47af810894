//! Branches, and the moves of their values.

use std::collections::HashMap;

use wasmparser::BrTable;

use super::Translator;
use super::control::Kind;
use super::numeric::{Compared, Condition};
use super::operands::{Operand, Place, shorten};
use crate::error::LoadError;
use crate::ir::{BinOp, CmpOp, Code, Control, Form, Op};

/// The most values that a branch copies one by one. More values are first put into their own slots,
/// once for any number of branches, and one operation copies them all, so that the code of a branch
/// is bounded.
const FEW: usize = 4;

impl Translator<'_> {
    /// Whether a branch of this depth is only a jump: its values, if any, are in place.
    fn is_plain(&mut self, depth: u32) -> bool {
        let Some((_, label)) = self.label(depth) else {
            return true;
        };
        let (count, base) = (label.branch_types().len(), label.base);
        if label.kind == Kind::Function {
            return count == 0;
        }
        let first = self.stack.len().saturating_sub(count);
        let starts_there = self.stack.get(first).is_none_or(|operand| operand.slot == base);
        starts_there && self.is_settled(first)
    }

    /// Number of values of a branch of this depth.
    fn carried(&self, depth: u32) -> usize {
        self.label(depth).map_or(0, |(_, label)| label.branch_types().len())
    }

    /// Puts the values of a branch into their own slots, if they are many, so that they are there
    /// whether or not it is taken.
    fn settle_many(&mut self, count: usize) {
        if count > FEW {
            self.settle(self.stack.len().saturating_sub(count));
        }
    }

    /// Emits a branch: moves of its values to the slots of the label, if any, and a jump.
    pub(super) fn branch(&mut self, depth: u32) {
        let Some((_, label)) = self.label(depth) else {
            return;
        };
        let (count, base) = (label.branch_types().len(), label.base);
        if label.kind == Kind::Function {
            return self.emit_return();
        }
        self.move_top(count, base);
        let jump = self.emit_jump();
        self.aim(jump, depth);
    }

    /// Puts the topmost operands into the slots from `base` on, which lie below them or are their
    /// own. Upward order ensures that no operand is overwritten before it is read.
    fn move_top(&mut self, count: usize, base: u16) {
        let first = self.stack.len().saturating_sub(count);
        if count > FEW {
            self.settle(first);
            let from = self.stack.get(first).map_or(base, |operand| operand.slot);
            return self.emit_span(base, from, self.top - usize::from(from));
        }
        let mut slot = base;
        for index in first..self.stack.len() {
            if let Some(operand) = self.stack.get(index).copied() {
                self.put(operand, slot);
                slot = slot.wrapping_add(if operand.wide { 2 } else { 1 });
            }
        }
    }

    /// Emits a return, leaving the operand stack as it is.
    pub(super) fn emit_return(&mut self) {
        let count = self.ty.results().len();
        let first = self.stack.len().saturating_sub(count);
        let Some(operand) = self.stack.get(first).copied().filter(|_| count > 0) else {
            self.emit(Op::control(Control::Return, 0, 0, 0));
            return;
        };
        if count == 1 && !operand.wide {
            let op = match operand.place {
                Place::Const(value) if u32::try_from(value.bits).is_ok() => {
                    Op::control(Control::ReturnImm, 0, 0, value.bits as u32)
                }
                _ => Op::control(Control::ReturnOne, 0, self.slot_of(operand), 0),
            };
            self.emit(op);
            return;
        }
        // Locals may be both results and in the way of results: all go through their own slots.
        self.move_top(count, operand.slot);
        let slots = self.ty.result_slots() as u32;
        self.emit(Op::control(Control::CopySpan, 0, operand.slot, slots));
        self.emit(Op::control(Control::Return, 0, 0, 0));
    }

    /// The end of a counting loop: the last operation adds a small number to the compared value,
    /// and the branch goes back.
    fn step_branch(&mut self, condition: Condition, depth: u32) -> bool {
        let Some(Kind::Loop(start)) = self.label(depth).map(|(_, label)| label.kind) else {
            return false;
        };
        let Some(last) =
            self.code.ops.last().copied().filter(|_| self.code.ops.len() > self.barrier)
        else {
            return false;
        };
        let Some((op, form, other)) = stepped(condition, last) else {
            return false;
        };
        let (Ok(step), true) = (i8::try_from(last.imm.cast_signed()), start < 1 << 24) else {
            return false;
        };
        self.take_last();
        let imm = start | u32::from(step.cast_unsigned()) << 24;
        self.emit(Op::new(Code::BrStep(op, form), last.a, other, imm));
        true
    }

    pub(super) fn br_if(&mut self, depth: u32) {
        let decider = self.pop();
        // Taken back before the values below are settled: these copies must not come between the
        // comparison and the branch, and write nothing the comparison reads.
        let condition = self.condition(decider);
        self.settle_many(self.carried(depth));
        if self.is_plain(depth) {
            if !self.step_branch(condition, depth) {
                let branch = self.emit_branch(condition);
                self.aim(branch, depth);
            }
            return;
        }
        let around = self.emit_branch(Condition { negated: !condition.negated, ..condition });
        self.branch(depth);
        let here = self.bind_here();
        self.patch(around, here);
    }

    /// The slot of a table index and a constant to add to it.
    fn table_index(&mut self, index: Operand) -> (u16, u16) {
        if let Some(op) = self.fresh_op(&index)
            && op.code == Code::Bin(BinOp::I32Add, Form::Ri)
            && let Some(added) = shorten(op.imm)
        {
            self.take_last();
            return (op.b, added);
        }
        (self.low_slot_of(index), 0)
    }

    pub(super) fn br_table(&mut self, targets: &BrTable<'_>) -> Result<(), LoadError> {
        let mut depths = Vec::with_capacity(targets.len() as usize + 1);
        for depth in targets.targets() {
            depths.push(depth.map_err(LoadError::malformed)?);
        }
        depths.push(targets.default());
        let index = self.pop();
        let (slot, added) = self.table_index(index);
        self.settle_many(self.carried(targets.default()));
        self.emit(Op::control(Control::BrTable, slot, added, targets.len()));
        let cells: Vec<usize> = depths.iter().map(|_| self.emit_jump()).collect();
        // A branch that moves values gets code of its own, once for each label.
        let mut known: HashMap<u32, Option<u32>> = HashMap::new();
        for (depth, cell) in depths.into_iter().zip(cells) {
            let moving = match known.get(&depth) {
                Some(moving) => *moving,
                None => {
                    let moving = self.moving_branch(depth);
                    known.insert(depth, moving);
                    moving
                }
            };
            match moving {
                Some(code) => self.patch(cell, code),
                None => self.aim(cell, depth),
            }
        }
        self.dead();
        Ok(())
    }

    /// Emits a branch that moves values and returns where it starts; nothing if a jump does.
    fn moving_branch(&mut self, depth: u32) -> Option<u32> {
        if self.is_plain(depth) {
            return None;
        }
        let start = self.bind_here();
        self.branch(depth);
        Some(start)
    }
}

/// The comparison, its form and its second operand, if the first one is what `last` adds a
/// constant to.
fn stepped(condition: Condition, last: Op) -> Option<(CmpOp, Form, u16)> {
    let Condition { op, x, y, negated } = condition;
    let op = if negated { op.opposite()? } else { op };
    let wide = match last.code {
        Code::Bin(BinOp::I32Add, Form::Ri) => false,
        Code::Bin(BinOp::I64Add, Form::Ri) => true,
        _ => return None,
    };
    if op.is_float() || op.is_wide() != wide || last.a != last.b {
        return None;
    }
    match y {
        Compared::Short(bits) if x == last.a => Some((op, Form::Ri, bits)),
        Compared::Slot(other) if x == last.a && other != x => Some((op, Form::Rr, other)),
        Compared::Slot(other) if other == last.a && other != x => {
            Some((op.mirrored(), Form::Rr, x))
        }
        _ => None,
    }
}
