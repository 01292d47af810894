//! The store: memories, tables, globals, functions and instances, and the stack they run on.

mod caller;
mod config;
mod entities;
mod instance;
mod instantiate;
mod link;

use std::rc::Rc;

use wrt_platform::PageAllocator;
use wrt_runtime::{LinearMemory, MemoryBuilder, MemoryError, MemoryType, Observer};

use crate::error::{Error, HostError, LimitError};
use crate::exec::{Frame, WINDOW};
use crate::interrupt::Interrupt;
use crate::types::{FuncType, GlobalType, TableType};
use crate::value::Value;

pub use caller::Caller;
pub use config::StoreConfig;
pub use entities::{Extern, FuncId, GlobalId, InstanceId, MemoryId, TableId};
pub(crate) use entities::{FuncInst, GlobalInst, HOST, Table, Tables, Types};
pub(crate) use instance::Instance;

/// A function of the host.
pub(crate) type HostFunc<P, O> =
    dyn Fn(&mut Caller<'_, P, O>, &[Value], &mut [Value]) -> Result<(), HostError>;

/// A function of the host with its type.
pub(crate) struct HostFuncInst<P: PageAllocator, O: Observer> {
    pub(crate) ty: FuncType,
    pub(crate) call: Rc<HostFunc<P, O>>,
}

/// All entities of instances, and the stack for their functions.
///
/// Memories come from the allocator of the store's [`StoreConfig`], each with its own observer.
pub struct Store<P: PageAllocator, O: Observer = ()> {
    pub(crate) config: StoreConfig<P, O>,
    pub(crate) memories: Vec<LinearMemory<P, O>>,
    pub(crate) tables: Tables,
    pub(crate) globals: Vec<GlobalInst>,
    pub(crate) global_slots: Vec<u64>,
    pub(crate) funcs: Vec<FuncInst>,
    pub(crate) hosts: Vec<HostFuncInst<P, O>>,
    pub(crate) types: Types,
    pub(crate) instances: Vec<Instance<LinearMemory<P, O>>>,
    /// The stack, which is one window longer than its usable part.
    pub(crate) stack: Vec<u64>,
    /// The first slot that no running function uses.
    pub(crate) free: usize,
    pub(crate) frames: Vec<Frame>,
    pub(crate) depth: usize,
    /// Number of running calls from the host into instances.
    pub(crate) nesting: usize,
    /// Fuel that is left.
    pub(crate) fuel: u64,
    pub(crate) interrupt: Interrupt,
}

impl<P: PageAllocator + Clone, O: Observer> Store<P, O> {
    /// An empty store.
    pub fn new(config: StoreConfig<P, O>) -> Self {
        Self {
            memories: Vec::new(),
            tables: Tables::new(config.table_elements),
            globals: Vec::new(),
            global_slots: Vec::new(),
            funcs: Vec::new(),
            hosts: Vec::new(),
            types: Types::default(),
            instances: Vec::new(),
            stack: vec![0; config.stack_slots.saturating_add(WINDOW)],
            free: 0,
            frames: vec![0; config.call_depth],
            depth: 0,
            nesting: 0,
            fuel: config.fuel.unwrap_or(u64::MAX),
            interrupt: config.interrupt.clone().unwrap_or_default(),
            config,
        }
    }

    /// Adds a function of the host.
    ///
    /// It receives its arguments and a slice for its results, which holds zeroes of the right
    /// types; a result of another type is an error of the call.
    pub fn host_func(
        &mut self,
        ty: FuncType,
        call: impl Fn(&mut Caller<'_, P, O>, &[Value], &mut [Value]) -> Result<(), HostError> + 'static,
    ) -> FuncId {
        let func =
            FuncInst { ty: self.types.intern(&ty), instance: HOST, entry: self.hosts.len() as u32 };
        self.hosts.push(HostFuncInst { ty, call: Rc::new(call) });
        self.funcs.push(func);
        FuncId(self.funcs.len() as u32 - 1)
    }

    /// Creates a memory for modules to import.
    ///
    /// # Errors
    ///
    /// Those of the allocator.
    pub fn create_memory(&mut self, ty: MemoryType, name: &str) -> Result<MemoryId, MemoryError> {
        let mut builder = MemoryBuilder::new(ty).name(name).commit(self.config.commit);
        if let Some(pages) = self.config.max_pages {
            builder = builder.limit_pages(pages);
        }
        let observer = (self.config.observer)();
        let memory = builder.observer(observer).allocate(self.config.allocator.clone())?;
        self.memories.push(memory);
        Ok(MemoryId(self.memories.len() as u32 - 1))
    }

    /// Creates a table for modules to import, filled with `init`.
    ///
    /// # Errors
    ///
    /// If it is too large, or `init` is not of its element type.
    pub fn create_table(&mut self, ty: TableType, init: Value) -> Result<TableId, LimitError> {
        if init.ty() != ty.element {
            return Err(LimitError::WrongType { wanted: ty.element, found: init.ty() });
        }
        let [reference, _] = init.to_slots();
        Ok(TableId(self.tables.push(ty, reference)?))
    }

    /// Creates a global for modules to import.
    ///
    /// # Errors
    ///
    /// If the value is of another type.
    pub fn create_global(&mut self, ty: GlobalType, value: Value) -> Result<GlobalId, LimitError> {
        if value.ty() != ty.content {
            return Err(LimitError::WrongType { wanted: ty.content, found: value.ty() });
        }
        let address = self.push_global(ty);
        self.set_global(address, value.to_slots());
        Ok(GlobalId(address))
    }

    pub(crate) fn push_global(&mut self, ty: GlobalType) -> u32 {
        let slot = self.global_slots.len();
        self.global_slots.resize(slot + ty.content.slots(), 0);
        self.globals.push(GlobalInst { ty, slot: slot as u32 });
        self.globals.len() as u32 - 1
    }

    pub(crate) fn set_global(&mut self, address: u32, slots: [u64; 2]) {
        if let Some(global) = self.globals.get(address as usize) {
            let start = global.slot as usize;
            let count = global.ty.content.slots();
            if let Some(target) = self.global_slots.get_mut(start..start + count) {
                target.copy_from_slice(&slots[..count]);
            }
        }
    }

    pub(crate) fn global_slots(&self, address: u32) -> [u64; 2] {
        let slot =
            self.globals.get(address as usize).map_or(usize::MAX, |global| global.slot as usize);
        let get = |slot: usize| self.global_slots.get(slot).copied().unwrap_or(0);
        [get(slot), get(slot.saturating_add(1))]
    }

    /// A memory of this store.
    pub fn memory(&self, memory: MemoryId) -> Option<&LinearMemory<P, O>> {
        self.memories.get(memory.0 as usize)
    }

    /// A memory of this store, for writing.
    pub fn memory_mut(&mut self, memory: MemoryId) -> Option<&mut LinearMemory<P, O>> {
        self.memories.get_mut(memory.0 as usize)
    }

    /// All memories of this store, in the order of their creation.
    pub fn memories(&self) -> impl ExactSizeIterator<Item = &LinearMemory<P, O>> {
        self.memories.iter()
    }

    /// Fuel that is left, if the store has a limit.
    pub fn fuel(&self) -> Option<u64> {
        self.config.fuel.map(|_| self.fuel)
    }

    /// Whether programs have limits.
    pub(crate) fn has_limits(&self) -> bool {
        self.config.fuel.is_some() || self.config.interrupt.is_some()
    }

    /// The type of a function of this store.
    pub fn func_type(&self, func: FuncId) -> Option<FuncType> {
        let func = self.funcs.get(func.0 as usize)?;
        self.types.get(func.ty).cloned()
    }

    /// The export of an instance with this name.
    pub fn export(&self, instance: InstanceId, name: &str) -> Option<Extern> {
        self.instances.get(instance.0 as usize)?.export(name)
    }

    /// All exports of an instance.
    pub fn exports(&self, instance: InstanceId) -> impl Iterator<Item = (&str, Extern)> {
        let instance = self.instances.get(instance.0 as usize);
        instance.into_iter().flat_map(Instance::exports)
    }

    /// The value of a global of this store.
    pub fn global_value(&self, global: GlobalId) -> Option<Value> {
        let ty = self.globals.get(global.0 as usize)?.ty;
        Some(Value::from_slots(ty.content, self.global_slots(global.0)))
    }

    /// The value of a global that an instance exports.
    pub fn global(&self, instance: InstanceId, name: &str) -> Option<Value> {
        match self.export(instance, name)? {
            Extern::Global(global) => self.global_value(global),
            _ => None,
        }
    }

    /// Calls a function that an instance exports.
    ///
    /// # Errors
    ///
    /// If there is no such function, if the arguments do not fit it, or if it does not return.
    pub fn invoke(
        &mut self,
        instance: InstanceId,
        name: &str,
        args: &[Value],
    ) -> Result<Vec<Value>, Error> {
        match self.export(instance, name) {
            Some(Extern::Func(func)) => self.call(func, args),
            _ => Err(Error::NoSuchExport { name: name.to_owned(), wanted: "function" }),
        }
    }
}
