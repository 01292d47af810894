//! The host module that the scripts import from: `spectest`.

use std::error::Error;

use wrt_interpreter::{Extern, FuncType, GlobalType, Linker, TableType, ValType, Value};
use wrt_runtime::{IndexType, MemoryType};

use crate::world::SpecStore;

const MODULE: &str = "spectest";

/// Defines the module: functions that print nothing, a global of each numeric type, two tables and
/// a memory.
pub(crate) fn define(linker: &mut Linker, store: &mut SpecStore) -> Result<(), Box<dyn Error>> {
    use ValType::{F32, F64, I32, I64};
    let prints: [(&str, &[ValType]); 7] = [
        ("print", &[]),
        ("print_i32", &[I32]),
        ("print_i64", &[I64]),
        ("print_f32", &[F32]),
        ("print_f64", &[F64]),
        ("print_i32_f32", &[I32, F32]),
        ("print_f64_f64", &[F64, F64]),
    ];
    for (name, params) in prints {
        linker.func(store, MODULE, name, FuncType::new(params, []), |_, _, _| Ok(()));
    }
    let globals = [
        ("global_i32", Value::I32(666)),
        ("global_i64", Value::I64(666)),
        ("global_f32", Value::F32(666.6_f32.to_bits())),
        ("global_f64", Value::F64(666.6_f64.to_bits())),
    ];
    for (name, value) in globals {
        let global =
            store.create_global(GlobalType { content: value.ty(), mutable: false }, value)?;
        linker.define(MODULE, name, Extern::Global(global));
    }
    for (name, index) in [("table", IndexType::I32), ("table64", IndexType::I64)] {
        let ty = TableType { element: ValType::FuncRef, index, minimum: 10, maximum: Some(20) };
        let table = store.create_table(ty, Value::FuncRef(None))?;
        linker.define(MODULE, name, Extern::Table(table));
    }
    let memory = store.create_memory(MemoryType::wasm32(1, Some(2))?, MODULE)?;
    linker.define(MODULE, "memory", Extern::Memory(memory));
    Ok(())
}
