//! Locals of a function, as runs of one type, so that a run of any length costs the same.

use wasmparser::FunctionBody;

use super::effort;
use crate::error::LoadError;
use crate::module::val_type;
use crate::types::ValType;

/// Locals of one type in a row.
#[derive(Clone, Copy, Debug)]
struct Run {
    ty: ValType,
    /// The first local's index.
    first: u32,
    /// The first local's slot.
    slot: usize,
}

/// Type and slot of each local, parameters first.
#[derive(Debug, Default)]
pub(super) struct Locals {
    /// By index, each up to the next one.
    runs: Vec<Run>,
    count: u32,
    slots: usize,
}

impl Locals {
    /// The parameters and the declared locals, whose number validation limits.
    pub(super) fn read(params: &[ValType], body: &FunctionBody<'_>) -> Result<Self, LoadError> {
        let mut locals = Self::default();
        for param in params {
            locals.declare(1, *param);
        }
        let offset = body.range().start;
        for group in body.get_locals_reader().map_err(LoadError::malformed)? {
            let (count, ty) = group.map_err(LoadError::malformed)?;
            locals.declare(count, val_type(ty, offset)?);
        }
        Ok(locals)
    }

    fn declare(&mut self, count: u32, ty: ValType) {
        effort::step();
        if count > 0 && self.runs.last().is_none_or(|run| run.ty != ty) {
            self.runs.push(Run { ty, first: self.count, slot: self.slots });
        }
        self.count = self.count.saturating_add(count);
        self.slots = self.slots.saturating_add(count as usize * ty.slots());
    }

    /// Slots of all locals together. They are the first of the function.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    pub(super) fn slot(&self, local: u32) -> u16 {
        self.run(local)
            .map_or(0, |run| (run.slot + (local - run.first) as usize * run.ty.slots()) as u16)
    }

    pub(super) fn ty(&self, local: u32) -> ValType {
        self.run(local).map_or(ValType::I32, |run| run.ty)
    }

    fn run(&self, local: u32) -> Option<&Run> {
        let after = self.runs.partition_point(|run| run.first <= local);
        self.runs.get(after.checked_sub(1)?)
    }
}
