//! Modules as text, made ready to be called.

use wrt_interpreter::wrt_runtime::wrt_platform::HeapAllocator;
use wrt_interpreter::{
    Error, Features, InstanceId, Linker, Module, Store, StoreConfig, TrapReport, Value,
};

pub(crate) type HeapStore = Store<HeapAllocator>;

/// An instance in a store of its own.
pub(crate) struct Guest {
    pub(crate) store: HeapStore,
    pub(crate) instance: InstanceId,
}

pub(crate) fn config() -> StoreConfig<HeapAllocator> {
    StoreConfig::plain(HeapAllocator::new())
}

pub(crate) fn module(text: &str) -> Module {
    Module::new(&wat::parse_str(text).unwrap(), &Features::ALL).unwrap()
}

impl Guest {
    pub(crate) fn new(text: &str) -> Self {
        Self::with_config(text, config())
    }

    pub(crate) fn with_config(text: &str, config: StoreConfig<HeapAllocator>) -> Self {
        let mut store = Store::new(config);
        let instance = Linker::new().instantiate(&mut store, &module(text)).unwrap();
        Self { store, instance }
    }

    pub(crate) fn call(&mut self, name: &str, args: &[Value]) -> Vec<Value> {
        self.store.invoke(self.instance, name, args).unwrap()
    }

    /// Calls with `i32` arguments and expects one `i32` result.
    pub(crate) fn i32(&mut self, name: &str, args: &[i32]) -> i32 {
        let args: Vec<_> = args.iter().copied().map(Value::I32).collect();
        match self.call(name, &args).as_slice() {
            [Value::I32(result)] => *result,
            other => panic!("{name} returned {other:?}"),
        }
    }

    pub(crate) fn trap(&mut self, name: &str, args: &[Value]) -> TrapReport {
        trap_of(self.store.invoke(self.instance, name, args))
    }
}

pub(crate) fn trap_of(outcome: Result<Vec<Value>, Error>) -> TrapReport {
    match outcome {
        Err(Error::Trap(report)) => *report,
        other => panic!("no trap but {other:?}"),
    }
}

/// The only `i32` result of the function `f`.
pub(crate) fn run(text: &str, args: &[i32]) -> i32 {
    Guest::new(text).i32("f", args)
}
