//! Linking of a module's code to an instance: indexes become those of the store, codes become
//! functions.

use wrt_runtime::GuestMemory;

use super::entities::{FuncInst, GlobalInst};
use crate::exec::{Instr, handler};
use crate::ir::{Addressing, Code, Control, Op};
use crate::module::Parts;

/// Entities of an instance, by the indexes in its code.
pub(super) struct Places<'a> {
    pub(super) parts: &'a Parts,
    pub(super) funcs: &'a [u32],
    pub(super) tables: &'a [u32],
    pub(super) memories: &'a [u32],
    pub(super) globals: &'a [u32],
    /// The store's functions and globals.
    pub(super) all_funcs: &'a [FuncInst],
    pub(super) all_globals: &'a [GlobalInst],
    /// The numbers of the module's types in the store.
    pub(super) types: &'a [u32],
}

impl Places<'_> {
    pub(super) fn link<M: GuestMemory>(&self) -> Vec<Instr<M>> {
        let mut table_follows = false;
        let ops = &self.parts.code.ops;
        ops.iter()
            .map(|op| {
                let op = if table_follows { self.table_data(*op) } else { *op };
                table_follows = matches!(
                    op.code,
                    Code::Control(Control::CallIndirect | Control::TailCallIndirect)
                );
                Instr { handler: handler(op.code), a: op.a, b: op.b, imm: self.immediate(&op) }
            })
            .collect()
    }

    fn immediate(&self, op: &Op) -> u32 {
        let find = |list: &[u32]| list.get(op.imm as usize).copied().unwrap_or(u32::MAX);
        match op.code {
            Code::Control(Control::Call | Control::TailCall) => {
                let func = self.all_funcs.get(find(self.funcs) as usize);
                func.map_or(u32::MAX, |func| func.entry)
            }
            Code::Control(Control::CallFar) => find(self.funcs),
            Code::Control(Control::CallIndirect | Control::TailCallIndirect) => find(self.types),
            Code::Control(Control::GlobalGet | Control::GlobalSet) => {
                self.global(find(self.globals))
            }
            Code::Control(Control::GlobalGetHigh | Control::GlobalSetHigh) => {
                self.global(find(self.globals)).saturating_add(1)
            }
            Code::Load(_, Addressing::Far)
            | Code::Store(_, Addressing::Far)
            | Code::LaneLoad(_)
            | Code::LaneStore(_) => find(self.memories),
            _ => op.imm,
        }
    }

    fn global(&self, address: u32) -> u32 {
        self.all_globals.get(address as usize).map_or(u32::MAX, |global| global.slot)
    }

    /// The data of an indirect call: a table's index in the lower half.
    fn table_data(&self, op: Op) -> Op {
        let bits = op.bits();
        let table = self.tables.get(bits as u32 as usize).copied().unwrap_or(u32::MAX);
        Op::data(bits & !0xFFFF_FFFF | u64::from(table))
    }
}
