//! Blocks, and the jumps between them.

use wasmparser::{BlockType, Operator};

use super::Translator;
use super::numeric::{Compared, Condition};
use crate::error::LoadError;
use crate::ir::{Code, Control, Form, Op};
use crate::module::block_types;
use crate::types::{FuncType, ValType};

/// A block that is open.
pub(super) struct Label {
    pub(super) kind: Kind,
    ty: FuncType,
    /// Operands below the block's parameters.
    pub(super) height: usize,
    /// The slot of the first parameter and of the first result.
    pub(super) base: u16,
    /// Operations whose `imm` must be set to the block's end.
    patches: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    Block,
    /// With its first operation.
    Loop(u32),
    /// With the branch to `else`.
    If(usize),
    Else,
}

impl Label {
    /// Types of the values of a branch to the block.
    pub(super) fn branch_types(&self) -> &[ValType] {
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
            Operator::BrIf { relative_depth } => {
                self.br_if(*relative_depth);
                self.begin_basic_block();
            }
            Operator::BrTable { targets } => self.br_table(targets)?,
            Operator::Return => {
                self.emit_return();
                self.dead();
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Skips an instruction that is never reached.
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

    /// Marks the following instructions as unreachable.
    pub(super) fn dead(&mut self) {
        self.reachable = false;
        let height = self.labels.last().map_or(0, |label| label.height);
        self.truncate(height);
    }

    /// The label `depth` blocks out, and its index.
    pub(super) fn label(&self, depth: u32) -> Option<(usize, &Label)> {
        let index = self.labels.len().checked_sub(1 + depth as usize)?;
        Some((index, self.labels.get(index)?))
    }

    /// Opens a block, after fixing the values of its initial operands.
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
        self.begin_basic_block();
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
        self.begin_basic_block();
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
        self.begin_basic_block();
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
        self.begin_basic_block();
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

    /// Redirects jumps to jumps.
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

    /// The final target of a jump to an operation. Jumps may form a cycle, so the number followed
    /// is limited.
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
    pub(super) fn emit_jump(&mut self) -> usize {
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

    /// Sets the target of the jump at `index` to that of a branch of this depth.
    pub(super) fn aim(&mut self, index: usize, depth: u32) {
        let Some((at, label)) = self.label(depth) else {
            return;
        };
        if let Kind::Loop(start) = label.kind {
            self.patch(index, start);
        } else if let Some(label) = self.labels.get_mut(at) {
            label.patches.push(index);
        }
    }
}
