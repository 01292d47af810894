//! Imports: missing ones, mismatches, and matching by current sizes.

use wrt_interpreter::wrt_runtime::MemoryType;
use wrt_interpreter::{
    Extern, Features, GlobalType, InstantiateError, Linker, LoadError, Module, Store, ValType,
    Value,
};

use crate::guest::{HeapStore, config, module};

fn refusal(linker: &Linker, store: &mut HeapStore, text: &str) -> String {
    match linker.instantiate(store, &module(text)) {
        Err(InstantiateError::Link(error)) => error.to_string(),
        other => panic!("linked: {other:?}"),
    }
}

#[test]
fn refusals_name_the_import_and_both_types() {
    let mut store = Store::new(config());
    let mut linker = Linker::new();
    let text = r#"(module (import "env" "f" (func (param i32 i64) (result f32))))"#;
    assert_eq!(
        refusal(&linker, &mut store, text),
        r#"unknown import "env"."f": wanted func (i32 i64) -> (f32)"#
    );
    let ty = GlobalType { content: ValType::I32, mutable: true };
    let global = store.create_global(ty, Value::I32(1)).unwrap();
    linker.define("env", "f", Extern::Global(global));
    assert_eq!(
        refusal(&linker, &mut store, text),
        r#"incompatible import type "env"."f": wanted func (i32 i64) -> (f32), found global (mut i32)"#
    );
    let text = r#"(module (import "env" "f" (global i32)))"#;
    assert_eq!(
        refusal(&linker, &mut store, text),
        r#"incompatible import type "env"."f": wanted global i32, found global (mut i32)"#
    );
}

#[test]
fn the_current_size_of_a_memory_counts() {
    let mut store = Store::new(config());
    let mut linker = Linker::new();
    let memory = store.create_memory(MemoryType::wasm32(1, Some(5)).unwrap(), "m").unwrap();
    linker.define("env", "m", Extern::Memory(memory));
    let text = r#"(module (import "env" "m" (memory 3 5)))"#;
    assert_eq!(
        refusal(&linker, &mut store, text),
        r#"incompatible import type "env"."m": wanted memory 3 5, found memory 1 5"#
    );
    store.memory_mut(memory).unwrap().grow(2).unwrap();
    assert!(linker.instantiate(&mut store, &module(text)).is_ok());
    for (text, wanted) in [
        ("(memory 3 4)", "memory 3 4"),
        ("(memory i64 3 5)", "memory i64 3 5"),
        ("(memory 3 5 (pagesize 1))", "memory 3 5 pages of 1 byte"),
    ] {
        let text = format!(r#"(module (import "env" "m" {text}))"#);
        let expected =
            format!(r#"incompatible import type "env"."m": wanted {wanted}, found memory 3 5"#);
        assert_eq!(refusal(&linker, &mut store, &text), expected);
    }
}

#[test]
fn a_memory_that_cannot_be_had_is_an_error() {
    let mut store = Store::new(config().max_pages(Some(2)));
    let error =
        Linker::new().instantiate(&mut store, &module("(module (memory $big 3))")).unwrap_err();
    assert!(matches!(&error, InstantiateError::Memory { name, .. } if name == "big"), "{error}");
}

#[test]
fn proposals_can_be_switched_off() {
    let load =
        |text: &str, features: Features| Module::new(&wat::parse_str(text).unwrap(), &features);
    for (text, features) in [
        ("(module (memory i64 1))", Features::WASM2),
        ("(module (memory 1) (memory 1))", Features { multi_memory: false, ..Features::ALL }),
        (
            "(module (memory 1 (pagesize 1)))",
            Features { custom_page_sizes: false, ..Features::ALL },
        ),
        ("(module (func (result v128) (v128.const i64x2 0 0)))", Features::MVP),
        ("(module (memory 1 1 shared))", Features::ALL),
    ] {
        let refused = load(text, features);
        assert!(
            matches!(refused, Err(LoadError::Invalid { .. } | LoadError::Malformed { .. })),
            "{text}: {refused:?}"
        );
    }
    assert!(load("(module (memory i64 1))", Features::ALL).is_ok());
}

#[test]
fn modules_say_what_they_import_and_export() {
    let module = module(
        r#"(module $name (import "a" "b" (func $f (param i64))) (import "a" "t" (table 1 2 externref))
            (memory (export "m") 1) (global (export "g") f32 (f32.const 1)))"#,
    );
    let imports: Vec<_> = module
        .imports()
        .map(|import| format!("{}.{} {}", import.module, import.name, import.ty))
        .collect();
    assert_eq!(imports, ["a.b func (i64) -> ()", "a.t table 1 2 externref"]);
    let exports: Vec<_> =
        module.exports().map(|export| format!("{} {}", export.name, export.ty)).collect();
    assert_eq!(exports, ["m memory 1", "g global f32"]);
    assert_eq!((module.name(), module.function_name(0)), (Some("name"), Some("f")));
}

#[test]
fn globals_can_be_read_from_outside() {
    let mut store = Store::new(config());
    let text = r#"(module (global $a (export "a") i32 (i32.const 40))
        (global (export "b") (mut i32) (i32.add (global.get $a) (i32.const 2))))"#;
    let instance = Linker::new().instantiate(&mut store, &module(text)).unwrap();
    assert_eq!(store.global(instance, "a"), Some(Value::I32(40)));
    assert_eq!(store.global(instance, "b"), Some(Value::I32(42)));
    assert_eq!(store.global(instance, "c"), None);
}
