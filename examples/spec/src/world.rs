//! Instances of a script.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use wrt_interpreter::{
    Error, ExternType, InstanceId, InstantiateError, LinkError, Linker, Module, Store, StoreConfig,
    Value,
};
use wrt_platform::PageAllocator;
use wrt_runtime::{GrowError, GrowErrorCause, GrowEvent, MemoryError, Observer};

use crate::backend::Backend;
use crate::spectest;

pub(crate) type SpecStore = Store<Arc<dyn PageAllocator>, Watch>;

/// Records that a memory did not grow because its backend is full.
pub(crate) struct Watch {
    backend: Backend,
    refused: Rc<Cell<Option<GrowError>>>,
}

impl Observer for Watch {
    fn after_grow(&self, event: &GrowEvent) {
        if !event.at_creation
            && let Err(error) = event.outcome
            && let GrowErrorCause::Platform(cause) = error.cause
            && self.backend.is_too_small(&cause)
        {
            self.refused.set(Some(error));
        }
    }
}

/// Result of instantiating a module.
#[derive(Clone)]
enum Instance {
    Live(InstanceId),
    /// The arena has no room for its memory; the text has the request.
    DoesNotFit(Rc<str>),
}

/// Reason for an action without results.
pub(crate) enum Stop {
    Trap(String),
    Link(Box<LinkError>),
    DoesNotFit(Rc<str>),
    Other(String),
}

impl Stop {
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Trap(text) => format!("trap: {text}"),
            Self::Link(error) => error.to_string(),
            Self::DoesNotFit(text) => text.to_string(),
            Self::Other(text) => text.clone(),
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error {
            Error::Trap(report) => Self::Trap(report.kind.to_string()),
            error => Self::Other(error.to_string()),
        }
    }
}

/// All entities of a script.
pub(crate) struct World {
    backend: Backend,
    store: SpecStore,
    linker: Linker,
    current: Option<Instance>,
    named: HashMap<String, Instance>,
    /// Modules that others may import from, but whose memories do not fit.
    absent: HashMap<String, Rc<str>>,
    definitions: HashMap<String, Module>,
    /// Whether a later module can access entities of an earlier one.
    linked: bool,
    refused: Rc<Cell<Option<GrowError>>>,
}

impl World {
    pub(crate) fn new(backend: Backend) -> Result<Self, Box<dyn std::error::Error>> {
        let refused = Rc::new(Cell::new(None));
        let mut world = Self {
            store: new_store(&backend, &refused),
            backend,
            linker: Linker::new(),
            current: None,
            named: HashMap::new(),
            absent: HashMap::new(),
            definitions: HashMap::new(),
            linked: false,
            refused,
        };
        spectest::define(&mut world.linker, &mut world.store)?;
        Ok(world)
    }

    /// The refusal of a full backend to a live memory, if there was one.
    pub(crate) fn refused(&self) -> Option<String> {
        self.refused.get().map(|error| error.to_string())
    }

    /// Drops the current module before the next one replaces it. If no other module can access its
    /// entities, they are dropped too: memories live as long as their store.
    pub(crate) fn make_room(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        self.current = None;
        if self.linked {
            return Ok(());
        }
        // The old memories go first, the arena may have no room for both.
        self.refused = Rc::new(Cell::new(None));
        self.linker = Linker::new();
        self.store = new_store(&self.backend, &self.refused);
        spectest::define(&mut self.linker, &mut self.store)
    }

    pub(crate) fn define(&mut self, name: Option<&str>, module: Module) {
        self.definitions.insert(name.unwrap_or_default().to_owned(), module);
    }

    pub(crate) fn definition(&self, name: Option<&str>) -> Option<Module> {
        self.definitions.get(name.unwrap_or_default()).cloned()
    }

    /// Instantiates a module, which becomes the current one.
    pub(crate) fn enter(&mut self, name: Option<&str>, module: &Module) -> Result<(), Stop> {
        let instance = match self.instantiate(module) {
            Ok(instance) => Instance::Live(instance),
            Err(Stop::DoesNotFit(why)) => Instance::DoesNotFit(why),
            Err(stop) => return Err(stop),
        };
        if let Some(name) = name {
            self.named.insert(name.to_owned(), instance.clone());
            self.linked = true;
        }
        self.current = Some(instance);
        Ok(())
    }

    pub(crate) fn instantiate(&mut self, module: &Module) -> Result<InstanceId, Stop> {
        let mut imports = module.imports();
        self.linked |= imports.any(|import| !matches!(import.ty, ExternType::Func(_)));
        if let Some(why) = module.imports().find_map(|import| self.absent.get(import.module)) {
            return Err(Stop::DoesNotFit(Rc::clone(why)));
        }
        self.linker.instantiate(&mut self.store, module).map_err(|error| match error {
            InstantiateError::Link(error) => Stop::Link(Box::new(error)),
            InstantiateError::Run(error) => error.into(),
            InstantiateError::Memory { source: MemoryError::Platform { cause, .. }, .. }
                if self.backend.is_too_small(&cause) =>
            {
                Stop::DoesNotFit(cause.to_string().into())
            }
            error => Stop::Other(error.to_string()),
        })
    }

    /// Lets later modules import from an instance.
    pub(crate) fn register(&mut self, name: &str, module: Option<&str>) -> Result<(), Stop> {
        self.linked = true;
        match self.instance(module)? {
            Instance::Live(instance) => {
                self.absent.remove(name);
                self.linker.instance(&self.store, name, instance);
            }
            Instance::DoesNotFit(why) => {
                self.absent.insert(name.to_owned(), why);
            }
        }
        Ok(())
    }

    fn instance(&self, module: Option<&str>) -> Result<Instance, Stop> {
        let found = match module {
            Some(name) => self.named.get(name).cloned(),
            None => self.current.clone(),
        };
        found.ok_or_else(|| Stop::Other("there is no such instance".into()))
    }

    fn live(&self, module: Option<&str>) -> Result<InstanceId, Stop> {
        match self.instance(module)? {
            Instance::Live(instance) => Ok(instance),
            Instance::DoesNotFit(why) => Err(Stop::DoesNotFit(why)),
        }
    }

    pub(crate) fn invoke(
        &mut self,
        module: Option<&str>,
        name: &str,
        args: &[Value],
    ) -> Result<Vec<Value>, Stop> {
        let instance = self.live(module)?;
        Ok(self.store.invoke(instance, name, args)?)
    }

    pub(crate) fn global(&self, module: Option<&str>, name: &str) -> Result<Value, Stop> {
        let instance = self.live(module)?;
        let missing = || Stop::Other(format!("there is no global {name:?}"));
        self.store.global(instance, name).ok_or_else(missing)
    }
}

fn new_store(backend: &Backend, refused: &Rc<Cell<Option<GrowError>>>) -> SpecStore {
    let (allocator, refused, backend) = (backend.allocator(), Rc::clone(refused), backend.clone());
    let watch = move || Watch { backend: backend.clone(), refused: Rc::clone(&refused) };
    Store::new(StoreConfig::new(allocator, watch))
}
