//! Instances: modules bound to their imports and their own entities.

use std::sync::Arc;

use wrt_runtime::DataSegment;

use super::entities::{Extern, FuncId, GlobalId, MemoryId, TableId};
use crate::exec::Instr;
use crate::module::{Item, Module};

/// An instance. Lists of numbers map indexes of the module to indexes of the store.
pub(crate) struct Instance<M> {
    pub(crate) module: Module,
    pub(crate) code: Vec<Instr<M>>,
    pub(crate) funcs: Vec<u32>,
    pub(crate) tables: Vec<u32>,
    pub(crate) memories: Vec<u32>,
    pub(crate) globals: Vec<u32>,
    /// References; empty once dropped.
    pub(crate) elements: Vec<Vec<u64>>,
    pub(crate) data: Vec<DataSegment<Arc<[u8]>>>,
}

impl<M> Instance<M> {
    pub(crate) fn memory(&self, index: u32) -> Option<u32> {
        self.memories.get(index as usize).copied()
    }

    pub(crate) fn table(&self, index: u32) -> Option<u32> {
        self.tables.get(index as usize).copied()
    }

    /// A reference to a function, as in slots.
    pub(crate) fn func_reference(&self, index: u32) -> u64 {
        self.funcs.get(index as usize).map_or(0, |address| u64::from(*address) + 1)
    }

    pub(crate) fn export(&self, name: &str) -> Option<Extern> {
        self.exports().find(|(export, _)| *export == name).map(|(_, item)| item)
    }

    pub(crate) fn exports(&self) -> impl Iterator<Item = (&str, Extern)> {
        self.module
            .parts
            .exports
            .iter()
            .filter_map(|export| Some((export.name.as_str(), self.item(export.item)?)))
    }

    fn item(&self, item: Item) -> Option<Extern> {
        let find = |list: &[u32], index: u32| list.get(index as usize).copied();
        Some(match item {
            Item::Func(index) => Extern::Func(FuncId(find(&self.funcs, index)?)),
            Item::Table(index) => Extern::Table(TableId(find(&self.tables, index)?)),
            Item::Memory(index) => Extern::Memory(MemoryId(find(&self.memories, index)?)),
            Item::Global(index) => Extern::Global(GlobalId(find(&self.globals, index)?)),
        })
    }
}
