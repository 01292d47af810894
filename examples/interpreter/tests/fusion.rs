//! Operations that are joined into one when a function is translated, at the edges of what may be.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use wrt_interpreter::wrt_runtime::wrt_platform::HeapAllocator;
use wrt_interpreter::{Features, Linker, Module, Store, StoreConfig, Value};

fn run(text: &str, args: &[Value]) -> Vec<Value> {
    let bytes = wat::parse_str(text).unwrap();
    let module = Module::new(&bytes, &Features::ALL).unwrap();
    let mut store = Store::new(StoreConfig::plain(HeapAllocator::new()));
    let instance = Linker::new().instantiate(&mut store, &module).unwrap();
    store.invoke(instance, "f", args).unwrap()
}

/// The constant may not be put where an operand of the address still is.
#[test]
fn a_constant_is_stored_at_a_sum() {
    for (constant, stored) in [("0", 0), ("7", 7), ("0x12345678", 0x78)] {
        let text = format!(
            r#"(module (memory 1) (data (i32.const 0) "\06") (data (i32.const 16) "\ff\ff\ff\ff")
              (func (export "f") (param i32) (result i32 i32)
                local.get 0  i32.const 0  i32.load  i32.add  i32.const {constant}  i32.store8
                (i32.load8_u (i32.const 16)) (i32.load8_u (i32.const 22))))"#
        );
        let found = run(&text, &[Value::I32(16)]);
        assert_eq!(found, [Value::I32(0xff), Value::I32(stored)], "{constant}");
    }
}

#[test]
fn a_constant_is_stored_at_a_sum_of_two_loads() {
    let text = r#"(module (memory 1) (data (i32.const 0) "\10\00\00\00\06")
      (func (export "f") (result i64 i64)
        (i64.store
          (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 4)))
          (i64.const 0x123456789abcdef))
        (i64.load (i32.const 16)) (i64.load (i32.const 22))))"#;
    let low = 0x0123_4567_89ab_cdef_i64;
    assert_eq!(run(text, &[]), [Value::I64(low << 48), Value::I64(low)]);
}
