//! A WebAssembly interpreter on the three `wrt` crates.
//!
//! ```text
//! Module      validated by wasmparser, translated to register code
//!    |
//! Linker      finds imports
//!    |
//! Store       memories (wrt_runtime::LinearMemory), tables, globals, functions, instances
//! ```
//!
//! It executes WebAssembly 2.0, except for most arithmetic on vectors, and memory64, multi-memory,
//! custom page sizes, tail calls and extended constant expressions. Every memory instruction goes
//! through `wrt-instructions`; no other code accesses a guest's memory.
//!
//! The cost of loading a module is proportional to its size. [Fuel](StoreConfig::fuel) and an
//! [`Interrupt`] limit its programs; code without limits does not pay for them.
//!
//! ```
//! use wrt_interpreter::{Features, Linker, Module, Store, StoreConfig, Value};
//! use wrt_platform::HeapAllocator;
//!
//! let bytes = b"\0asm\x01\0\0\0\
//!     \x01\x07\x01\x60\x02\x7f\x7f\x01\x7f\
//!     \x03\x02\x01\0\
//!     \x07\x07\x01\x03add\0\0\
//!     \x0a\x09\x01\x07\0\x20\0\x20\x01\x6a\x0b";
//! let module = Module::new(bytes, &Features::default())?;
//! let mut store = Store::new(StoreConfig::plain(HeapAllocator::new()));
//! let instance = Linker::new().instantiate(&mut store, &module)?;
//! let sum = store.invoke(instance, "add", &[Value::I32(2), Value::I32(40)])?;
//! assert_eq!(sum, [Value::I32(42)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod backend;
mod error;
mod exec;
mod features;
mod float;
mod instruction;
mod interrupt;
mod ir;
mod linker;
mod memory_ops;
mod module;
mod simd;
mod stop;
mod store;
mod translate;
mod trap;
mod types;
mod value;
pub mod wasi;

pub use backend::{Backend, Room};
pub use error::{Error, HostError, InstantiateError, LimitError, LinkError, LoadError};
pub use features::Features;
pub use interrupt::Interrupt;
pub use linker::Linker;
pub use module::Module;
pub use stop::{StopCause, StopReport};
pub use store::{
    Caller, Extern, FuncId, GlobalId, InstanceId, MemoryId, Store, StoreConfig, TableId,
};
pub use trap::{FunctionRef, MemoryAccess, TrapKind, TrapReport};
pub use types::{ExportType, ExternType, FuncType, GlobalType, ImportType, TableType, ValType};
pub use value::Value;
pub use wrt_runtime;
