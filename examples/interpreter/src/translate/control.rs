//! Blocks and branches.

use wasmparser::{BlockType, BrTable, Operator};

use super::Translator;
use super::numeric::{Compared, Condition};
use super::operands::{Operand, Place, shorten};
use crate::error::LoadError;
use crate::ir::{BinOp, CmpOp, Code, Control, Form, Op};
use crate::module::block_types;
use crate::types::{FuncType, ValType};

/// A block that is open.
pub(super) struct Label {
    kind: Kind,
    ty: FuncType,
    /// Operands below the block's parameters.
    pub(super) height: usize,
    /// The slot of the first parameter and of the first result.
    base: u16,
    /// Operations whose `imm` is to be the block's end.
    patches: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Function,
    Block,
    /// With its first operation.
    Loop(u32),
    /// With the branch to `else`.
    If(usize),
    Else,
}

impl Label {
    /// What a branch to the block passes on.
    fn branch_types(&self) -> &[ValType] {
        match self.kind {
            Kind::Loop(_) => self.ty.params(),
            _ => self.ty.results(),
        }
    }
}

impl Translator<'_> {
    /// Opens the block that is the function's body.
    pub(super) fn enter_function(&mut self) {
        let ty = FuncType::new([], self.ty.results());
        self.labels.push(Label {
            kind: Kind::Function,
            ty,
            height: 0,
            base: self.top as u16,
            patches: Vec::new(),
        });
    }

    pub(super) fn control(&mut self, operator: &Operator<'_>) -> Result<bool, LoadError> {
        match operator {
            Operator::Unreachable => {
                self.emit(Op::control(Control::Unreachable, 0, 0, 0));
                self.dead();
            }
            Operator::Block { blockty } => self.block(*blockty)?,
            Operator::Loop { blockty } => self.loop_(*blockty)?,
            Operator::If { blockty } => self.if_(*blockty)?,
            Operator::Else => self.else_(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => {
                self.branch(*relative_depth);
                self.dead();
            }
            Operator::BrIf { relative_depth } => self.br_if(*relative_depth),
            Operator::BrTable { targets } => self.br_table(targets)?,
            Operator::Return => {
                self.emit_return();
                self.dead();
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Passes over an instruction that is never reached.
    pub(super) fn skip(&mut self, operator: &Operator<'_>) -> Result<(), LoadError> {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                self.skipped += 1
            }
            Operator::End if self.skipped > 0 => self.skipped -= 1,
            Operator::End => self.end(),
            Operator::Else if self.skipped == 0 => self.else_(),
            _ => {}
        }
        Ok(())
    }

    /// What follows is not reached.
    pub(super) fn dead(&mut self) {
        self.reachable = false;
        let height = self.labels.last().map_or(0, |label| label.height);
        self.truncate(height);
    }

    /// The label `depth` blocks out, and its index.
    fn label(&self, depth: u32) -> Option<(usize, &Label)> {
        let index = self.labels.len().checked_sub(1 + depth as usize)?;
        Some((index, self.labels.get(index)?))
    }

    /// Makes sure that the operands a block starts with stay what they are whatever it does, and
    /// opens it.
    fn open(&mut self, kind: Kind, ty: FuncType) {
        let height = self.stack.len().saturating_sub(ty.params().len());
        self.settle(height);
        let base = self.stack.get(height).map_or(self.top as u16, |operand| operand.slot);
        self.labels.push(Label { kind, ty, height, base, patches: Vec::new() });
    }

    fn settle_block(&mut self) {
        let height = self.labels.last().map_or(0, |label| label.height);
        self.settle_locals(height);
    }

    fn block(&mut self, ty: BlockType) -> Result<(), LoadError> {
        let ty = block_types(self.parts, ty, self.offset)?;
        self.settle_block();
        self.open(Kind::Block, ty);
        Ok(())
    }

    fn loop_(&mut self, ty: BlockType) -> Result<(), LoadError> {
        let ty = block_types(self.parts, ty, self.offset)?;
        self.settle_block();
        self.open(Kind::Loop(0), ty);
        let start = self.bind_here();
        if let Some(label) = self.labels.last_mut() {
            label.kind = Kind::Loop(start);
        }
        Ok(())
    }

    fn if_(&mut self, ty: BlockType) -> Result<(), LoadError> {
        let ty = block_types(self.parts, ty, self.offset)?;
        let decider = self.pop();
        // Taken back before the operands below are settled: these copies must not come between
        // the comparison and the branch, and write nothing the comparison reads.
        let condition = self.condition(decider);
        self.settle_block();
        self.open(Kind::Block, ty);
        let branch = self.emit_branch(Condition { negated: !condition.negated, ..condition });
        if let Some(label) = self.labels.last_mut() {
            label.kind = Kind::If(branch);
        }
        Ok(())
    }

    fn else_(&mut self) {
        if self.reachable {
            self.settle_results();
            let jump = self.emit_jump();
            if let Some(label) = self.labels.last_mut() {
                label.patches.push(jump);
            }
        }
        let here = self.bind_here();
        let Some(label) = self.labels.last_mut() else {
            return;
        };
        let Kind::If(branch) = core::mem::replace(&mut label.kind, Kind::Else) else {
            return;
        };
        let (height, ty) = (label.height, label.ty.clone());
        self.patch(branch, here);
        self.truncate(height);
        for param in ty.params() {
            self.push_own(*param);
        }
        self.reachable = true;
    }

    fn end(&mut self) {
        let Some(label) = self.labels.last() else {
            return;
        };
        if label.kind == Kind::Function {
            return self.end_function();
        }
        // Without a branch to the end the operands may stay where they are.
        let joined = !label.patches.is_empty() || matches!(label.kind, Kind::If(_));
        if joined && self.reachable {
            self.settle_results();
        }
        let Some(label) = self.labels.pop() else {
            return;
        };
        if !joined {
            return;
        }
        let here = self.bind_here();
        let missing_else = match label.kind {
            Kind::If(branch) => Some(branch),
            _ => None,
        };
        for index in label.patches.iter().copied().chain(missing_else) {
            self.patch(index, here);
        }
        self.truncate(label.height);
        for result in label.ty.results() {
            self.push_own(*result);
        }
        self.reachable = true;
    }

    fn end_function(&mut self) {
        if self.reachable {
            self.emit_return();
        }
        let Some(label) = self.labels.pop() else {
            return;
        };
        if !label.patches.is_empty() {
            let here = self.bind_here();
            for index in label.patches {
                self.patch(index, here);
            }
            self.emit(Op::control(Control::Return, 0, 0, 0));
        }
        self.shorten_jumps();
    }

    /// Makes jumps to jumps go where those go.
    fn shorten_jumps(&mut self) {
        let start = self.code.ranges.last().map_or(0, |range| range.end as usize);
        for index in start..self.code.ops.len() {
            let Some(op) = self.code.ops.get(index).copied() else {
                return;
            };
            if matches!(
                op.code,
                Code::Control(Control::Br) | Code::BrIf(..) | Code::BrUnless(..) | Code::BrMask(_)
            ) {
                self.patch(index, self.destination(op.imm));
            }
        }
    }

    /// Where a jump to an operation ends. A program may jump in circles: no more than some are
    /// followed.
    fn destination(&self, target: u32) -> u32 {
        let mut target = target;
        for _ in 0..8 {
            match self.code.ops.get(target as usize) {
                Some(op) if op.code == Code::Control(Control::Br) => target = op.imm,
                _ => break,
            }
        }
        target
    }

    /// Puts the results of the innermost block into their own slots.
    fn settle_results(&mut self) {
        let height = self.labels.last().map_or(0, |label| label.height);
        self.settle(height);
    }

    /// Emits a jump whose target is to be patched.
    fn emit_jump(&mut self) -> usize {
        self.emit(Op::control(Control::Br, 0, 0, 0));
        self.code.ops.len() - 1
    }

    /// Emits a conditional jump whose target is to be patched.
    pub(super) fn emit_branch(&mut self, condition: Condition) -> usize {
        let Condition { op, x, y, negated } = condition;
        let (form, b) = match y {
            Compared::Slot(slot) => (Form::Rr, slot),
            Compared::Short(bits) => (Form::Ri, bits),
            Compared::Masked(mask, number) => {
                let op = if negated { op.opposite().unwrap_or(op) } else { op };
                let b = u16::from_le_bytes([mask, number]);
                self.emit(Op::new(Code::BrMask(op), x, b, 0));
                return self.code.ops.len() - 1;
            }
        };
        let code = match op.opposite() {
            Some(opposite) if negated => Code::BrIf(opposite, form),
            None if negated => Code::BrUnless(op, form),
            _ => Code::BrIf(op, form),
        };
        self.emit(Op::new(code, x, b, 0));
        self.code.ops.len() - 1
    }

    pub(super) fn patch(&mut self, index: usize, target: u32) {
        if let Some(op) = self.code.ops.get_mut(index) {
            op.imm = target;
        }
    }

    /// Makes the jump at `index` go where a branch of this depth goes.
    fn aim(&mut self, index: usize, depth: u32) {
        let Some((at, label)) = self.label(depth) else {
            return;
        };
        if let Kind::Loop(start) = label.kind {
            self.patch(index, start);
        } else if let Some(label) = self.labels.get_mut(at) {
            label.patches.push(index);
        }
    }

    /// Whether a branch of this depth is a jump and nothing else: its values, if any, are in
    /// place.
    fn is_plain(&self, depth: u32) -> bool {
        let Some((_, label)) = self.label(depth) else {
            return true;
        };
        let count = label.branch_types().len();
        if label.kind == Kind::Function {
            return count == 0;
        }
        let mut slot = label.base;
        let values = self.stack.len().saturating_sub(count);
        self.stack.iter().skip(values).all(|operand| {
            let in_place = operand.place == Place::Own && !operand.low && operand.slot == slot;
            slot = slot.wrapping_add(if operand.wide { 2 } else { 1 });
            in_place
        })
    }

    /// Emits a branch: its values, if any, to where the label wants them, and a jump.
    fn branch(&mut self, depth: u32) {
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
    /// own, and leaves the operand stack as it is. Going upwards, no operand is overwritten
    /// before it is read.
    fn move_top(&mut self, count: usize, base: u16) {
        let mut slot = base;
        for i in self.stack.len().saturating_sub(count)..self.stack.len() {
            if let Some(operand) = self.stack.get(i).copied() {
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

    /// The end of a counting loop: the last operation adds a small number to what is compared,
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

    fn br_if(&mut self, depth: u32) {
        let decider = self.pop();
        let condition = self.condition(decider);
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

    /// The slot of a table's index and a constant to add to it.
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

    fn br_table(&mut self, targets: &BrTable<'_>) -> Result<(), LoadError> {
        let mut depths = Vec::with_capacity(targets.len() as usize + 1);
        for depth in targets.targets() {
            depths.push(depth.map_err(LoadError::malformed)?);
        }
        depths.push(targets.default());
        let index = self.pop();
        let (slot, added) = self.table_index(index);
        self.emit(Op::control(Control::BrTable, slot, added, targets.len()));
        let cells: Vec<usize> = depths.iter().map(|_| self.emit_jump()).collect();
        // A branch that moves values gets code of its own, once for each label.
        let mut moving: Vec<(u32, u32)> = Vec::new();
        for (depth, cell) in depths.into_iter().zip(cells) {
            if self.is_plain(depth) {
                self.aim(cell, depth);
                continue;
            }
            let known = moving.iter().find(|(known, _)| *known == depth).map(|(_, at)| *at);
            let at = known.unwrap_or_else(|| {
                let at = self.bind_here();
                self.branch(depth);
                moving.push((depth, at));
                at
            });
            self.patch(cell, at);
        }
        self.dead();
        Ok(())
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
