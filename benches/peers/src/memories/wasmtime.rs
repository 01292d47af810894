//! wasmtime 48: a store and an instance for each memory, from its pool or on demand.

use std::io::{Error, Result};

use wasmtime::{
    Config, Enabled, Engine, Extern, InstanceAllocationStrategy, InstancePre, Linker, Memory,
    Module, ModuleExport, PoolingAllocationConfig, Store,
};
use wrt_benches::{Life, Source, Worker};

use super::module;

/// Slots in a pool that serves two threads: few, so that all are warm.
const FEW: u32 = 4;

pub(super) struct Wasmtime {
    instance: InstancePre<()>,
    export: ModuleExport,
}

impl Wasmtime {
    /// Its pool with default settings: `madvise` of all used pages.
    pub(super) fn pooling(life: &Life) -> Result<Wasmtime> {
        Wasmtime::new(life, &pooled(pool(FEW)))
    }

    /// Overwrites the first 64 KiB and returns the others.
    pub(super) fn keeping_resident(life: &Life) -> Result<Wasmtime> {
        let mut pool = pool(FEW);
        pool.linear_memory_keep_resident(64 << 10);
        Wasmtime::new(life, &pooled(pool))
    }

    /// Asks the system for the written pages, and overwrites these.
    pub(super) fn scanning(life: &Life) -> Result<Wasmtime> {
        let mut pool = pool(FEW);
        pool.linear_memory_keep_resident(life.bytes()).pagemap_scan(Enabled::Yes);
        Wasmtime::new(life, &pooled(pool))
    }

    /// Without a pool.
    pub(super) fn on_demand(life: &Life) -> Result<Wasmtime> {
        Wasmtime::new(life, &Config::new())
    }

    /// A pool of `slots` with its usual guards.
    pub(super) fn pool_of(slots: u32, life: &Life) -> Result<Wasmtime> {
        Wasmtime::new(life, &pooled(pool(slots)))
    }

    /// A pool of `slots` without guards, as close together as the memories' size allows.
    pub(super) fn dense_pool_of(slots: u32, life: &Life) -> Result<Wasmtime> {
        let mut pool = pool(slots);
        pool.max_memory_size(life.bytes());
        let mut config = pooled(pool);
        config.memory_reservation(life.bytes() as u64).memory_guard_size(0);
        config.memory_reservation_for_growth(0).guard_before_linear_memory(false);
        Wasmtime::new(life, &config)
    }

    fn new(life: &Life, config: &Config) -> Result<Wasmtime> {
        let engine = Engine::new(config).map_err(Error::other)?;
        let module = Module::new(&engine, module::with_memory(life)).map_err(Error::other)?;
        let export = module.get_export_index(module::MEMORY);
        let export = export.ok_or_else(|| Error::other("the memory is not exported"))?;
        let instance = Linker::new(&engine).instantiate_pre(&module).map_err(Error::other)?;
        Ok(Wasmtime { instance, export })
    }

    /// A store without limits of its own.
    pub(super) fn store(&self) -> Store<()> {
        Store::new(self.instance.module().engine(), ())
    }

    /// One more instance in `store`.
    pub(super) fn add(&self, store: &mut Store<()>) -> Result<Memory> {
        let instance = self.instance.instantiate(&mut *store).map_err(Error::other)?;
        match instance.get_module_export(&mut *store, &self.export) {
            Some(Extern::Memory(memory)) => Ok(memory),
            _ => Err(Error::other("the memory is not exported")),
        }
    }
}

/// A pool for instances that have one memory and no table.
fn pool(slots: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_memories(slots).total_core_instances(slots).total_tables(0);
    pool
}

fn pooled(pool: PoolingAllocationConfig) -> Config {
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

impl Source for Wasmtime {
    fn worker(&self) -> Result<Box<dyn Worker + '_>> {
        Ok(Box::new(self))
    }
}

impl Worker for &Wasmtime {
    fn live(&mut self, user: &mut dyn FnMut(&mut [u8])) -> Result<()> {
        let mut store = self.store();
        let memory = self.add(&mut store)?;
        user(memory.data_mut(&mut store));
        Ok(())
    }
}
