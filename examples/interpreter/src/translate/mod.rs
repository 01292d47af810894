//! Translation of WebAssembly's stack code to register code, one function at a time.
//!
//! One pass over the (validated) body. [`operands`] tracks the contents of the operand stack, so
//! that most instructions that only move values vanish. [`control`] has blocks and branches;
//! [`numeric`] and [`memory`] fuse adjacent instructions.

mod branches;
mod calls;
mod control;
mod effort;
#[cfg(test)]
mod hostile;
mod locals;
mod memory;
mod meter;
mod numeric;
mod operands;
mod rules;
mod scan;
mod vector;

use wasmparser::{FuncValidator, FunctionBody, Operator, ValidatorResources};

use crate::error::LoadError;
use crate::exec::WINDOW;
use crate::instruction::name;
use crate::ir::{Control, Op};
use crate::module::{Code, Parts};
use crate::types::{FuncType, ValType};
use control::Label;
use locals::Locals;
use operands::Operand;
use scan::{Scan, States, scan};

/// Buffers reused from function to function. They grow to the size that the largest function needs,
/// so that the cost of a function depends only on its own bytes.
#[derive(Default)]
pub(crate) struct Scratch {
    states: States,
    /// For each local, one more than the index of the topmost operand that refers to it, or 0.
    topmost: Vec<u32>,
}

impl Scratch {
    fn topmost(&mut self, local: u32) -> &mut u32 {
        let index = local as usize;
        if index >= self.topmost.len() {
            self.topmost.resize(index + 1, 0);
        }
        &mut self.topmost[index]
    }
}

/// Validates a function and appends its operations to `code`.
pub(crate) fn translate(
    parts: &Parts,
    code: &mut Code,
    scratch: &mut Scratch,
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
) -> Result<(), LoadError> {
    let start = code.ops.len() as u32;
    let scan = scan(body, &mut scratch.states)?;
    validator.read_locals(&mut body.get_binary_reader()).map_err(LoadError::invalid)?;
    let translator = Translator::new(parts, code, scratch, validator.index(), body)?;
    translator.translate(&scan, validator, body)?;
    let end = code.ops.len();
    if end >= u32::MAX as usize {
        return Err(LoadError::unsupported("so much code".into(), body.range().start));
    }
    code.ranges.push(start..end as u32);
    Ok(())
}

fn too_large(body: &FunctionBody<'_>) -> LoadError {
    let what =
        format!("a function that needs more than {WINDOW} slots for its locals and operands");
    LoadError::unsupported(what, body.range().start)
}

/// The translation of one function.
struct Translator<'m> {
    parts: &'m Parts,
    code: &'m mut Code,
    scratch: &'m mut Scratch,
    ty: FuncType,
    locals: Locals,
    /// Constants that have a slot, which follows those of the locals.
    constants: Vec<(u64, u16)>,
    stack: Vec<Operand>,
    /// Number of operands, from the bottom, that are known not to be locals.
    steady: usize,
    /// One more than the index of the topmost operand that may not be settled, 0 if there is none.
    loose: u32,
    /// The first slot that is free.
    top: usize,
    labels: Vec<Label>,
    /// The operation whose result is not used yet.
    fresh: Option<usize>,
    /// Operations before this one must not change, since a jump may lead to the next.
    barrier: usize,
    reachable: bool,
    /// Blocks that began in unreachable code.
    skipped: u32,
    /// Offset of the current instruction in the module.
    offset: u64,
    too_large: bool,
    /// The operation that charges for the current basic block, once emitted.
    charge: Option<usize>,
}

impl<'m> Translator<'m> {
    fn new(
        parts: &'m Parts,
        code: &'m mut Code,
        scratch: &'m mut Scratch,
        function: u32,
        body: &FunctionBody<'_>,
    ) -> Result<Self, LoadError> {
        let ty = parts.func_type(function).cloned().unwrap_or_else(|| FuncType::new([], []));
        let locals = Locals::read(ty.params(), body)?;
        let (barrier, top) = (code.ops.len(), locals.slots());
        // Results are returned from the first slot on, so the frame has at least these.
        let too_large = top.max(ty.result_slots()) >= WINDOW;
        Ok(Self {
            parts,
            code,
            scratch,
            ty,
            locals,
            constants: Vec::new(),
            stack: Vec::new(),
            steady: 0,
            loose: 0,
            top,
            labels: Vec::new(),
            fresh: None,
            barrier,
            reachable: true,
            skipped: 0,
            offset: 0,
            too_large,
            charge: None,
        })
    }

    /// Validates and translates the body, instruction by instruction. Invalid instructions are
    /// reported before unsupported ones.
    fn translate(
        mut self,
        scan: &Scan,
        validator: &mut FuncValidator<ValidatorResources>,
        body: &FunctionBody<'_>,
    ) -> Result<(), LoadError> {
        self.zero_locals(scan);
        self.keep_constants(scan);
        self.enter_function();
        let mut refused = None;
        let mut reader = body.get_operators_reader().map_err(LoadError::malformed)?;
        while !reader.eof() {
            self.offset = reader.original_position();
            let operator = reader.read().map_err(LoadError::malformed)?;
            validator.op(self.offset, &operator).map_err(LoadError::invalid)?;
            // Even the validator's stack would grow by a thousand operands an instruction.
            if validator.operand_stack_height() as usize > WINDOW {
                return Err(too_large(body));
            }
            if refused.is_none() {
                refused = self.step(&operator).err();
            }
            if refused.is_none() && self.too_large {
                refused = Some(too_large(body));
            }
        }
        self.truncate(0);
        refused.map_or(Ok(()), Err)
    }

    /// Zeroes the locals that may be read before they are written.
    fn zero_locals(&mut self, scan: &Scan) {
        let params = self.ty.params().len();
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for local in scan.zeroed.iter().copied().filter(|local| *local as usize >= params) {
            let start = usize::from(self.local_slot(local));
            let slots = self.local_type(local).slots();
            match runs.last_mut() {
                Some((first, count)) if *first + *count == start => *count += slots,
                _ => runs.push((start, slots)),
            }
        }
        for (start, count) in runs {
            let op = if count == 1 { Control::Const } else { Control::Zero };
            self.emit(Op::control(op, start as u16, count as u16, 0));
        }
    }

    /// Assigns slots to the constants of loops.
    fn keep_constants(&mut self, scan: &Scan) {
        for bits in &scan.constants {
            let slot = self.top as u16;
            self.top += 1;
            self.too_large |= self.top >= WINDOW;
            self.emit(Op::control(Control::ConstLong, slot, 0, 0));
            self.emit(Op::data(*bits));
            self.constants.push((*bits, slot));
        }
    }

    /// Appends an operation.
    fn emit(&mut self, op: Op) {
        self.code.ops.push(op);
        self.code.offsets.push(self.offset as u32);
        self.fresh = None;
    }

    /// Appends an operation whose result, in `op.a`, is the operand on top.
    fn emit_fresh(&mut self, op: Op) {
        self.emit(op);
        self.fresh = Some(self.code.ops.len() - 1);
    }

    /// Whether this operand is the result of the last operation.
    fn is_fresh(&self, operand: &Operand) -> bool {
        operand.place == operands::Place::Own
            && self.fresh.is_some_and(|index| index + 1 == self.code.ops.len())
            && self.code.ops.last().is_some_and(|op| op.a == operand.slot)
    }

    /// The operation whose result is this operand, if it is the last one.
    fn fresh_op(&self, operand: &Operand) -> Option<Op> {
        if self.is_fresh(operand) { self.code.ops.last().copied() } else { None }
    }

    /// Removes the last operation.
    fn take_last(&mut self) -> Option<(Op, u32)> {
        self.fresh = None;
        Some((self.code.ops.pop()?, self.code.offsets.pop()?))
    }

    /// Appends a removed operation again.
    fn restore_last(&mut self, op: Op, offset: u32) {
        self.code.ops.push(op);
        self.code.offsets.push(offset);
        self.fresh = None;
    }

    /// The index of the next operation, which becomes a jump target.
    fn bind_here(&mut self) -> u32 {
        self.barrier = self.code.ops.len();
        self.fresh = None;
        self.barrier as u32
    }

    fn unsupported(&self, what: String) -> LoadError {
        LoadError::unsupported(what, self.offset)
    }

    fn step(&mut self, operator: &Operator<'_>) -> Result<(), LoadError> {
        if !self.reachable {
            return self.skip(operator);
        }
        if self.parts.metered {
            self.meter(operator);
        }
        let known = self.control(operator)?
            || self.call(operator)?
            || self.variable(operator)
            || self.numeric(operator)
            || self.memory(operator)
            || self.table(operator)
            || self.vector(operator);
        if known {
            return Ok(());
        }
        Err(self.unsupported(format!("instruction {}", name(operator))))
    }

    /// Locals, globals and instructions that only move values.
    fn variable(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::LocalGet { local_index } => self.push_local(local_index),
            Operator::LocalSet { local_index } => self.set_local(local_index),
            Operator::LocalTee { local_index } => self.tee_local(local_index),
            Operator::GlobalGet { global_index } => self.global_get(global_index),
            Operator::GlobalSet { global_index } => self.global_set(global_index),
            Operator::Drop => drop(self.pop()),
            Operator::I32Const { value } => {
                self.push_const(ValType::I32, u64::from(value.cast_unsigned()))
            }
            Operator::I64Const { value } => self.push_const(ValType::I64, value.cast_unsigned()),
            Operator::F32Const { value } => self.push_const(ValType::F32, u64::from(value.bits())),
            Operator::F64Const { value } => self.push_const(ValType::F64, value.bits()),
            Operator::RefNull { .. } => self.push_const(ValType::ExternRef, 0),
            Operator::Nop => {}
            _ => return false,
        }
        true
    }

    fn global_get(&mut self, global: u32) {
        let ty = self.global_type(global);
        let slot = self.push_own(ty);
        let op = Op::control(Control::GlobalGet, slot, 0, global);
        if ty == ValType::V128 {
            self.emit(op);
            let high = Op::control(Control::GlobalGetHigh, slot.wrapping_add(1), 0, global);
            self.emit(high);
        } else {
            self.emit_fresh(op);
        }
    }

    fn global_set(&mut self, global: u32) {
        let operand = self.pop();
        let slot = self.slot_of(operand);
        self.emit(Op::control(Control::GlobalSet, 0, slot, global));
        if operand.wide {
            self.emit(Op::control(Control::GlobalSetHigh, 0, slot.wrapping_add(1), global));
        }
    }

    fn global_type(&self, global: u32) -> ValType {
        self.parts.globals.get(global as usize).map_or(ValType::I32, |ty| ty.content)
    }
}
