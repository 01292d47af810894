//! A first look at a function's body: which locals must start as zero, and which constants a loop
//! would make again and again.

use wasmparser::{FunctionBody, Operator};

use super::operands::Const;
use crate::error::LoadError;
use crate::types::ValType;

/// The most constants a function keeps in slots of their own. Each costs an operation whenever
/// the function is called.
const MOST_CONSTANTS: usize = 16;

/// What is known about a body before it is translated.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// For every local, whether it may be read before it is written.
    pub(super) zeroed: Vec<bool>,
    /// Constants in loops that no operation has as an immediate.
    pub(super) constants: Vec<u64>,
}

/// What has been seen of a local.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    /// Written in the block with this number, and not accessed outside of it so far. A read in
    /// that block comes after the write, however often the block is entered.
    WrittenIn(u32),
    NeedsZero,
}

struct Scanner {
    states: Vec<State>,
    /// Numbers of the open blocks, and whether they are loops.
    open: Vec<(u32, bool)>,
    blocks: u32,
    loops: u32,
    constants: Vec<u64>,
}

pub(super) fn scan(body: &FunctionBody<'_>, locals: usize) -> Result<Scan, LoadError> {
    let mut scanner = Scanner {
        states: vec![State::Unseen; locals],
        open: vec![(0, false)],
        blocks: 0,
        loops: 0,
        constants: Vec::new(),
    };
    let mut reader = body.get_operators_reader().map_err(LoadError::malformed)?;
    while !reader.eof() {
        scanner.step(&reader.read().map_err(LoadError::malformed)?);
    }
    let zeroed = scanner.states.iter().map(|state| *state == State::NeedsZero).collect();
    Ok(Scan { zeroed, constants: scanner.constants })
}

impl Scanner {
    fn step(&mut self, operator: &Operator<'_>) {
        match *operator {
            Operator::Block { .. } | Operator::If { .. } => self.enter(false),
            Operator::Loop { .. } => self.enter(true),
            Operator::Else => {
                self.leave();
                self.enter(false);
            }
            Operator::End => self.leave(),
            Operator::LocalGet { local_index } => self.read(local_index),
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                self.write(local_index)
            }
            Operator::I64Const { value } => self.constant(ValType::I64, value.cast_unsigned()),
            Operator::F64Const { value } => self.constant(ValType::F64, value.bits()),
            _ => {}
        }
    }

    fn enter(&mut self, is_loop: bool) {
        self.blocks += 1;
        self.loops += u32::from(is_loop);
        self.open.push((self.blocks, is_loop));
    }

    fn leave(&mut self) {
        if let Some((_, true)) = self.open.pop() {
            self.loops -= 1;
        }
    }

    /// Whether the local's value may come from a write that did not happen.
    fn is_stale(&self, state: State) -> bool {
        match state {
            State::WrittenIn(block) => !self.open.iter().any(|(open, _)| *open == block),
            State::Unseen => true,
            State::NeedsZero => false,
        }
    }

    fn read(&mut self, local: u32) {
        if let Some(state) = self.states.get(local as usize).copied()
            && self.is_stale(state)
        {
            self.states[local as usize] = State::NeedsZero;
        }
    }

    fn write(&mut self, local: u32) {
        let block = self.open.last().map_or(0, |(block, _)| *block);
        if let Some(state) = self.states.get(local as usize).copied()
            && self.is_stale(state)
        {
            self.states[local as usize] = State::WrittenIn(block);
        }
    }

    fn constant(&mut self, ty: ValType, bits: u64) {
        let value = Const { ty, bits };
        let room = self.loops > 0 && self.constants.len() < MOST_CONSTANTS;
        if room && value.imm().is_none() && !self.constants.contains(&bits) {
            self.constants.push(bits);
        }
    }
}
