//! Name space of imports.

use std::collections::HashMap;

use wrt_platform::PageAllocator;
use wrt_runtime::{MemoryType, Observer};

use crate::error::{HostError, InstantiateError, LinkError};
use crate::module::Module;
use crate::store::{Caller, Extern, FuncId, InstanceId, Store};
use crate::types::{ExternType, FuncType, ImportType, TableType};
use crate::value::Value;

/// A name space in which modules look up their imports.
#[derive(Clone, Debug, Default)]
pub struct Linker {
    modules: HashMap<String, HashMap<String, Extern>>,
}

impl Linker {
    /// An empty linker.
    pub fn new() -> Self {
        Self::default()
    }

    /// Defines a function of the host.
    pub fn func<P: PageAllocator + Clone, O: Observer>(
        &mut self,
        store: &mut Store<P, O>,
        module: &str,
        name: &str,
        ty: FuncType,
        call: impl Fn(&mut Caller<'_, P, O>, &[Value], &mut [Value]) -> Result<(), HostError> + 'static,
    ) -> FuncId {
        let func = store.host_func(ty, call);
        self.define(module, name, Extern::Func(func));
        func
    }

    /// Defines a name, and replaces its earlier definition.
    pub fn define(&mut self, module: &str, name: &str, item: Extern) {
        self.modules.entry(module.to_owned()).or_default().insert(name.to_owned(), item);
    }

    /// Defines all exports of an instance under a module's name.
    pub fn instance<P: PageAllocator + Clone, O: Observer>(
        &mut self,
        store: &Store<P, O>,
        module: &str,
        instance: InstanceId,
    ) {
        for (name, item) in store.exports(instance) {
            self.define(module, name, item);
        }
    }

    /// The definition of a name.
    pub fn get(&self, module: &str, name: &str) -> Option<Extern> {
        self.modules.get(module)?.get(name).copied()
    }

    /// Instantiates a module: looks up its imports, allocates its own memories, tables and globals,
    /// applies its active segments and runs its start function.
    ///
    /// # Errors
    ///
    /// If an import is missing or does not fit, if a memory or table cannot be created, or if a
    /// segment or the start function fails.
    pub fn instantiate<P: PageAllocator + Clone, O: Observer>(
        &self,
        store: &mut Store<P, O>,
        module: &Module,
    ) -> Result<InstanceId, InstantiateError> {
        let mut imports = Vec::new();
        for import in module.imports() {
            imports.push(self.resolve(store, import)?);
        }
        store.instantiate(module, &imports)
    }

    fn resolve<P: PageAllocator + Clone, O: Observer>(
        &self,
        store: &Store<P, O>,
        import: ImportType<'_>,
    ) -> Result<Extern, LinkError> {
        let ImportType { module, name, ty: wanted } = import;
        let (module, name) = (module.to_owned(), name.to_owned());
        let found =
            self.get(&module, &name).and_then(|item| Some((item, current_type(store, item)?)));
        match found {
            None => Err(LinkError::UnknownImport { module, name, wanted: Box::new(wanted) }),
            Some((item, found)) if fits(&wanted, &found) => Ok(item),
            Some((_, found)) => {
                let (wanted, found) = (Box::new(wanted), Box::new(found));
                Err(LinkError::IncompatibleType { module, name, wanted, found })
            }
        }
    }
}

/// The type of something in the store; a memory's or table's minimum is its current size.
fn current_type<P: PageAllocator + Clone, O: Observer>(
    store: &Store<P, O>,
    item: Extern,
) -> Option<ExternType> {
    Some(match item {
        Extern::Func(func) => ExternType::Func(store.func_type(func)?),
        Extern::Global(global) => ExternType::Global(store.globals.get(global.0 as usize)?.ty),
        Extern::Table(table) => {
            let table = store.tables.get(table.0 as usize)?;
            ExternType::Table(TableType { minimum: table.elements.len() as u64, ..table.ty })
        }
        Extern::Memory(memory) => {
            let memory = store.memory(memory)?;
            let ty = memory.memory_type();
            let current =
                MemoryType::new(ty.index_type(), ty.page_size(), memory.size(), ty.maximum());
            ExternType::Memory(current.unwrap_or(*ty))
        }
    })
}

/// Whether the type found matches the type of the import (core specification, "Import Matching").
fn fits(wanted: &ExternType, found: &ExternType) -> bool {
    match (wanted, found) {
        (ExternType::Func(wanted), ExternType::Func(found)) => wanted == found,
        (ExternType::Global(wanted), ExternType::Global(found)) => wanted == found,
        (ExternType::Table(wanted), ExternType::Table(found)) => {
            wanted.element == found.element
                && wanted.index == found.index
                && limits_fit((wanted.minimum, wanted.maximum), (found.minimum, found.maximum))
        }
        (ExternType::Memory(wanted), ExternType::Memory(found)) => {
            wanted.index_type() == found.index_type()
                && wanted.page_size() == found.page_size()
                && limits_fit(
                    (wanted.minimum(), wanted.maximum()),
                    (found.minimum(), found.maximum()),
                )
        }
        _ => false,
    }
}

fn limits_fit(wanted: (u64, Option<u64>), found: (u64, Option<u64>)) -> bool {
    let maximum_fits = match (wanted.1, found.1) {
        (None, _) => true,
        (Some(wanted), Some(found)) => found <= wanted,
        (Some(_), None) => false,
    };
    found.0 >= wanted.0 && maximum_fits
}
