//! wasmi 2.0: a store and an instance for each memory.

use std::io::{Error, Result};

use wasmi::{Engine, Instance, Memory, Module, Store};
use wrt_benches::{Life, Source, Worker};

use super::module;

pub(super) struct Wasmi {
    engine: Engine,
    module: Module,
}

impl Wasmi {
    pub(super) fn new(life: &Life) -> Result<Wasmi> {
        let engine = Engine::default();
        let module = Module::new(&engine, module::with_memory(life)).map_err(Error::other)?;
        Ok(Wasmi { engine, module })
    }

    pub(super) fn make(&self) -> Result<(Store<()>, Memory)> {
        let mut store = Store::new(&self.engine, ());
        let memory = self.add(&mut store)?;
        Ok((store, memory))
    }

    fn add(&self, store: &mut Store<()>) -> Result<Memory> {
        let instance = Instance::new(&mut *store, &self.module, &[]).map_err(Error::other)?;
        let memory = instance.get_memory(&*store, module::MEMORY);
        memory.ok_or_else(|| Error::other("the memory is not exported"))
    }
}

impl Source for Wasmi {
    fn worker(&self) -> Result<Box<dyn Worker + '_>> {
        Ok(Box::new(self))
    }
}

impl Worker for &Wasmi {
    fn live(&mut self, user: &mut dyn FnMut(&mut [u8])) -> Result<()> {
        let (mut store, memory) = self.make()?;
        user(memory.data_mut(&mut store));
        Ok(())
    }
}
