//! First pass over a function's body: finds locals that must start as zero, and constants that a
//! loop would compute repeatedly.

use wasmparser::{FunctionBody, Operator};

use super::operands::Const;
use crate::error::LoadError;
use crate::exec::WINDOW;
use crate::types::ValType;

/// The most constants that a function keeps in slots. Each costs one operation per call of the
/// function.
const MOST_CONSTANTS: usize = 16;

/// Results of the first pass.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The locals that may be read before they are written, in order.
    pub(super) zeroed: Vec<u32>,
    /// Constants in loops that fit no immediate.
    pub(super) constants: Vec<u64>,
}

/// State of a local.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    /// Written in the block with this number, and not accessed outside of it so far. A read in
    /// that block comes after the write, however often the block is entered.
    WrittenIn(u32),
    NeedsZero,
}

/// The states of locals, reused from function to function, so that the cost of a function depends
/// on the locals that it accesses, not on those that it declares.
#[derive(Default)]
pub(super) struct States {
    states: Vec<State>,
    /// Locals whose state is not [`State::Unseen`].
    seen: Vec<u32>,
}

impl States {
    fn get(&self, local: u32) -> State {
        self.states.get(local as usize).copied().unwrap_or(State::Unseen)
    }

    fn set(&mut self, local: u32, state: State) {
        let index = local as usize;
        // Nothing is validated yet. No function is accepted that has so many.
        if index >= WINDOW {
            return;
        }
        if index >= self.states.len() {
            self.states.resize(index + 1, State::Unseen);
        }
        if self.states[index] == State::Unseen {
            self.seen.push(local);
        }
        self.states[index] = state;
    }

    /// Takes the locals that need to be zeroed, and resets all states.
    fn take_zeroed(&mut self) -> Vec<u32> {
        let mut zeroed = Vec::new();
        for local in self.seen.drain(..) {
            let state = core::mem::replace(&mut self.states[local as usize], State::Unseen);
            if state == State::NeedsZero {
                zeroed.push(local);
            }
        }
        zeroed.sort_unstable();
        zeroed
    }
}

struct Scanner<'s> {
    states: &'s mut States,
    /// Numbers of the open blocks, ascending, and whether they are loops.
    open: Vec<(u32, bool)>,
    blocks: u32,
    loops: u32,
    constants: Vec<u64>,
}

/// Decodes the whole body, so that later passes need not expect malformed bytes.
pub(super) fn scan(body: &FunctionBody<'_>, states: &mut States) -> Result<Scan, LoadError> {
    let open = vec![(0, false)];
    let mut scanner = Scanner { states, open, blocks: 0, loops: 0, constants: Vec::new() };
    let mut reader = body.get_operators_reader().map_err(LoadError::malformed)?;
    while !reader.eof() {
        scanner.step(&reader.read().map_err(LoadError::malformed)?);
    }
    reader.finish().map_err(LoadError::malformed)?;
    Ok(Scan { zeroed: scanner.states.take_zeroed(), constants: scanner.constants })
}

impl Scanner<'_> {
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

    /// Whether the local may be read without an earlier write.
    fn is_stale(&self, local: u32) -> bool {
        match self.states.get(local) {
            State::WrittenIn(block) => {
                self.open.binary_search_by_key(&block, |(open, _)| *open).is_err()
            }
            State::Unseen => true,
            State::NeedsZero => false,
        }
    }

    fn read(&mut self, local: u32) {
        if self.is_stale(local) {
            self.states.set(local, State::NeedsZero);
        }
    }

    fn write(&mut self, local: u32) {
        if self.is_stale(local) {
            let block = self.open.last().map_or(0, |(block, _)| *block);
            self.states.set(local, State::WrittenIn(block));
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
