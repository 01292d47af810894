//! Instantiation (core specification, "Instantiation"): allocation, then active segments in
//! order, then the start function. What segments have written stays written if a later one traps.

use std::sync::Arc;

use wrt_platform::PageAllocator;
use wrt_runtime::{DataSegment, LinearMemory, Observer};

use super::link::Places;
use super::{Extern, FuncInst, Instance, InstanceId, Store};
use crate::error::{Error, InstantiateError};
use crate::module::{ConstExpr, Items, Module, Parts, SegmentMode};

/// Entities of a new instance, by the indexes of its module.
#[derive(Default)]
struct Allocated {
    funcs: Vec<u32>,
    tables: Vec<u32>,
    memories: Vec<u32>,
    globals: Vec<u32>,
}

impl Allocated {
    fn with_imports(imports: &[Extern]) -> Self {
        let mut allocated = Self::default();
        for import in imports {
            match import {
                Extern::Func(func) => allocated.funcs.push(func.0),
                Extern::Table(table) => allocated.tables.push(table.0),
                Extern::Memory(memory) => allocated.memories.push(memory.0),
                Extern::Global(global) => allocated.globals.push(global.0),
            }
        }
        allocated
    }
}

impl<P: PageAllocator + Clone, O: Observer> Store<P, O> {
    /// Instantiates a module whose imports were found and checked.
    pub(crate) fn instantiate(
        &mut self,
        module: &Module,
        imports: &[Extern],
    ) -> Result<InstanceId, InstantiateError> {
        let parts = Arc::clone(&module.parts);
        if self.has_limits() && !parts.metered {
            return Err(InstantiateError::NotMetered);
        }
        let id = InstanceId(self.instances.len() as u32);
        let types: Vec<u32> = parts.types.iter().map(|ty| self.types.intern(ty)).collect();
        let mut allocated = Allocated::with_imports(imports);
        self.allocate_funcs(&parts, &types, id, &mut allocated);
        self.allocate_memories(&parts, &mut allocated)?;
        self.allocate_globals(&parts, &mut allocated);
        self.allocate_tables(&parts, &mut allocated)?;
        let instance = self.bind(module, &types, allocated);
        self.instances.push(instance);
        for (index, segment) in parts.elements.iter().enumerate() {
            self.apply_elements(id, index as u32, &segment.mode)?;
        }
        for (index, segment) in parts.data.iter().enumerate() {
            self.apply_data(id, index as u32, &segment.mode)?;
        }
        if let Some(start) = parts.start {
            self.call_index(id, start)?;
        }
        Ok(id)
    }

    fn allocate_funcs(
        &mut self,
        parts: &Parts,
        types: &[u32],
        id: InstanceId,
        allocated: &mut Allocated,
    ) {
        let own = parts.funcs.iter().skip(parts.imported.funcs);
        for (ty, range) in own.zip(&parts.code.ranges) {
            allocated.funcs.push(self.funcs.len() as u32);
            self.funcs.push(FuncInst {
                ty: types.get(*ty as usize).copied().unwrap_or(u32::MAX),
                instance: id.0,
                entry: range.start,
            });
        }
    }

    fn allocate_memories(
        &mut self,
        parts: &Parts,
        allocated: &mut Allocated,
    ) -> Result<(), InstantiateError> {
        for (index, ty) in parts.memories.iter().enumerate().skip(parts.imported.memories) {
            let name = parts.memory_name(index as u32);
            match self.create_memory(*ty, &name) {
                Ok(memory) => allocated.memories.push(memory.0),
                Err(source) => return Err(InstantiateError::Memory { name, source }),
            }
        }
        Ok(())
    }

    fn allocate_globals(&mut self, parts: &Parts, allocated: &mut Allocated) {
        let own = parts.globals.iter().skip(parts.imported.globals);
        for (ty, init) in own.zip(&parts.global_inits) {
            let value = self.evaluate(init, allocated);
            let address = self.push_global(*ty);
            self.set_global(address, value);
            allocated.globals.push(address);
        }
    }

    fn allocate_tables(
        &mut self,
        parts: &Parts,
        allocated: &mut Allocated,
    ) -> Result<(), InstantiateError> {
        let own = parts.tables.iter().skip(parts.imported.tables);
        for (ty, init) in own.zip(&parts.table_inits) {
            let [reference, _] =
                init.as_ref().map_or([0; 2], |init| self.evaluate(init, allocated));
            allocated.tables.push(self.tables.push(*ty, reference)?);
        }
        Ok(())
    }

    fn evaluate(&self, expr: &ConstExpr, allocated: &Allocated) -> [u64; 2] {
        let find = |list: &[u32], index: u32| list.get(index as usize).copied();
        expr.eval(
            |index| {
                find(&allocated.globals, index).map_or([0; 2], |address| self.global_slots(address))
            },
            |index| find(&allocated.funcs, index).map_or(0, |address| u64::from(address) + 1),
        )
    }

    fn bind(
        &self,
        module: &Module,
        types: &[u32],
        allocated: Allocated,
    ) -> Instance<LinearMemory<P, O>> {
        let parts = &module.parts;
        let places = Places {
            parts,
            funcs: &allocated.funcs,
            tables: &allocated.tables,
            memories: &allocated.memories,
            globals: &allocated.globals,
            all_funcs: &self.funcs,
            all_globals: &self.globals,
            types,
        };
        let code = places.link();
        let reference = |index: &u32| {
            let address = allocated.funcs.get(*index as usize);
            address.map_or(0, |address| u64::from(*address) + 1)
        };
        let references = |items: &Items| match items {
            Items::Funcs(funcs) => funcs.iter().map(reference).collect(),
            Items::Exprs(exprs) => {
                exprs.iter().map(|expr| self.evaluate(expr, &allocated)[0]).collect()
            }
        };
        let elements = parts.elements.iter().map(|segment| references(&segment.items)).collect();
        let data =
            parts.data.iter().map(|segment| DataSegment::new(Arc::clone(&segment.bytes))).collect();
        let Allocated { funcs, tables, memories, globals } = allocated;
        Instance { module: module.clone(), code, funcs, tables, memories, globals, elements, data }
    }

    /// Copies an active segment to its table; it then counts as dropped, as a declared one does.
    fn apply_elements(
        &mut self,
        id: InstanceId,
        index: u32,
        mode: &SegmentMode,
    ) -> Result<(), Error> {
        if let SegmentMode::Active(table, offset) = mode {
            let target = self.segment_offset(id, offset);
            let count = self.element_count(id, index);
            self.table_init(id.0, *table, index, [target, 0, count]).map_err(Error::trap)?;
        }
        if !matches!(mode, SegmentMode::Passive) {
            self.elem_drop(id.0, index);
        }
        Ok(())
    }

    /// Copies an active segment to its memory; it then counts as dropped.
    fn apply_data(&mut self, id: InstanceId, index: u32, mode: &SegmentMode) -> Result<(), Error> {
        if let SegmentMode::Active(memory, offset) = mode {
            let target = self.segment_offset(id, offset);
            let len = self.data_len(id, index);
            if let Err(kind) = self.memory_init(id.0, *memory, index, [target, 0, len]) {
                return Err(self.segment_trap(id.0, kind, *memory, target, len));
            }
            self.data_drop(id.0, index);
        }
        Ok(())
    }

    fn segment_offset(&self, id: InstanceId, offset: &ConstExpr) -> u64 {
        let Some(instance) = self.instances.get(id.0 as usize) else {
            return 0;
        };
        let global = |index: u32| instance.globals.get(index as usize).copied().unwrap_or(u32::MAX);
        offset
            .eval(|index| self.global_slots(global(index)), |index| instance.func_reference(index))
            [0]
    }

    fn element_count(&self, id: InstanceId, index: u32) -> u64 {
        let instance = self.instances.get(id.0 as usize);
        let segment = instance.and_then(|instance| instance.elements.get(index as usize));
        segment.map_or(0, |segment| segment.len() as u64)
    }

    fn data_len(&self, id: InstanceId, index: u32) -> u64 {
        let instance = self.instances.get(id.0 as usize);
        let segment = instance.and_then(|instance| instance.data.get(index as usize));
        segment.map_or(0, |segment| segment.bytes().len() as u64)
    }
}

impl Parts {
    /// The name of a memory in diagnostics.
    pub(crate) fn memory_name(&self, index: u32) -> String {
        let exported = || {
            let export = self
                .exports
                .iter()
                .find(|export| export.item == crate::module::Item::Memory(index));
            export.map(|export| export.name.clone())
        };
        let name = self.names.memories.get(&index).cloned().or_else(exported);
        name.unwrap_or_else(|| format!("memory {index}"))
    }
}
