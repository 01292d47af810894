//! The caller of a host function.

use wrt_platform::PageAllocator;
use wrt_runtime::{LinearMemory, Observer};

use super::{Extern, InstanceId, MemoryId, Store};

/// The store in which a host function was called, and the calling instance.
pub struct Caller<'a, P: PageAllocator, O: Observer = ()> {
    pub(crate) store: &'a mut Store<P, O>,
    pub(crate) instance: Option<InstanceId>,
}

impl<P: PageAllocator + Clone, O: Observer> Caller<'_, P, O> {
    /// The calling instance; `None` if the host called its own function.
    pub fn instance(&self) -> Option<InstanceId> {
        self.instance
    }

    /// The store.
    pub fn store(&self) -> &Store<P, O> {
        self.store
    }

    /// The store; calling back into instances is possible, to a limited depth.
    pub fn store_mut(&mut self) -> &mut Store<P, O> {
        self.store
    }

    /// The memory that the calling instance exports as `memory`, or else its memory 0.
    pub fn memory(&self) -> Option<&LinearMemory<P, O>> {
        self.store.memory(self.memory_id()?)
    }

    /// [`memory`](Self::memory), for writing.
    pub fn memory_mut(&mut self) -> Option<&mut LinearMemory<P, O>> {
        let memory = self.memory_id()?;
        self.store.memory_mut(memory)
    }

    fn memory_id(&self) -> Option<MemoryId> {
        let instance = self.instance?;
        match self.store.export(instance, "memory") {
            Some(Extern::Memory(memory)) => Some(memory),
            _ => {
                let instance = self.store.instances.get(instance.0 as usize)?;
                instance.memory(0).map(MemoryId)
            }
        }
    }
}
