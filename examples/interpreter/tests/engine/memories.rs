//! Memory instructions in programs, and memories shared between instances.

use wrt_interpreter::wrt_runtime::MemoryType;
use wrt_interpreter::{
    Extern, FuncType, InstantiateError, Linker, Module, Store, TrapKind, ValType, Value,
};

use crate::guest::{Guest, config, module, run, trap_of};

#[test]
fn addresses_are_computed_where_they_are_used() {
    let text = |body: &str| {
        format!(
            r#"(module (memory 1) (data (i32.const 0) "\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f")
              (func (export "f") (param i32 i32) (result i32) {body}))"#
        )
    };
    let cases = [
        ("(i32.load8_u offset=2 (i32.add (local.get 0) (local.get 1)))", 9),
        ("(i32.load8_u (i32.add (local.get 0) (i32.const -1)))", 3),
        ("(i32.load16_u offset=2 (i32.shl (local.get 1) (i32.const 1)))", 0x0908),
        ("(i32.load16_u (i32.add (i32.shl (local.get 1) (i32.const 1)) (local.get 0)))", 0x0b0a),
        ("(i32.load8_u offset=3 (i32.const 4))", 7),
    ];
    for (body, expected) in cases {
        assert_eq!(run(&text(body), &[4, 3]), expected, "{body}");
    }
    // The sum of two operands wraps around; the offset does not.
    let wrapped = text("(i32.load8_u offset=1 (i32.add (local.get 0) (local.get 1)))");
    assert_eq!(run(&wrapped, &[-2, 4]), 3);
    let trap = Guest::new(&wrapped).trap("f", &[Value::I32(-2), Value::I32(1)]);
    assert_eq!(trap.access.unwrap().address, 0x1_0000_0000);
}

#[test]
fn stores_put_what_they_are_given() {
    let text = r#"(module (memory 1)
        (func (export "f") (param i32 i32) (result i32)
          (i32.store offset=4 (local.get 0) (i32.const -2))
          (i32.store8 (i32.add (local.get 0) (local.get 1)) (i32.const 300))
          (i32.store16 (i32.add (i32.shl (local.get 1) (i32.const 1)) (local.get 0)) (local.get 1))
          (i64.store32 offset=12 (i32.const 4) (i64.const 0x1ffffffff))
          (i32.add
            (i32.add (i32.load (i32.const 12)) (i32.load8_u (i32.const 10)))
            (i32.add (i32.load16_u (i32.const 12)) (i32.load (i32.const 16))))))"#;
    // At 8: -2 at 12, 44 at 10 which 2 at 12 leaves alone, -1 at 16.
    assert_eq!(run(text, &[8, 2]), (0xffff_0002_u32 as i32) + 44 + 2 - 1);
}

#[test]
fn a_memory_may_be_imported_twice() {
    let text = r#"(module (import "m" "m" (memory 1)) (import "m" "m" (memory 1))
        (func (export "f") (result i32)
          (i32.store 0 (i32.const 4) (i32.const 7))
          (memory.copy 1 0 (i32.const 8) (i32.const 4) (i32.const 4))
          (i32.add (i32.load 1 (i32.const 4)) (i32.load 0 (i32.const 8)))))"#;
    let mut store = Store::new(config());
    let memory = store.create_memory(MemoryType::wasm32(1, None).unwrap(), "both").unwrap();
    let mut linker = Linker::new();
    linker.define("m", "m", Extern::Memory(memory));
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    assert_eq!(store.invoke(instance, "f", &[]).unwrap(), [Value::I32(14)]);
}

#[test]
fn several_memories_are_told_apart() {
    let text = r#"(module (memory $a 1) (memory $b i64 1) (memory $c 10 (pagesize 1))
        (func (export "f") (result i32)
          (i32.store $a (i32.const 0) (i32.const 1))
          (i32.store $b (i64.const 0) (i32.const 20))
          (i32.store $c (i32.const 6) (i32.const 300))
          (memory.copy $b $c (i64.const 100) (i32.const 6) (i32.const 4))
          (i32.add (i32.load $a (i32.const 0))
            (i32.add (i32.load $b (i64.const 0)) (i32.load $b (i64.const 100)))))
        (func (export "size") (result i32) (memory.size $c))
        (func (export "beyond") (result i32) (i32.load $c (i32.const 7))))"#;
    let mut guest = Guest::new(text);
    assert_eq!(guest.i32("f", &[]), 321);
    assert_eq!(guest.i32("size", &[]), 10);
    let access = guest.trap("beyond", &[]).access.unwrap();
    assert_eq!((access.memory, access.address, access.size, access.memory_bytes), (2, 7, 4, 10));
    assert_eq!(access.memory_name.as_deref(), Some("c"));
}

#[test]
fn addresses_of_64_bits_do_not_wrap_around() {
    let text = r#"(module (memory i64 1)
        (func (export "near") (param i64) (result i32) (i32.load8_u offset=1 (local.get 0)))
        (func (export "far") (param i64) (result i32)
          (i32.load8_u offset=0xffffffffffffffff (local.get 0))))"#;
    let mut guest = Guest::new(text);
    let near = guest.trap("near", &[Value::I64(-1)]).access.unwrap();
    assert_eq!(near.address, 1 << 64);
    let far = guest.trap("far", &[Value::I64(1)]).access.unwrap();
    assert_eq!(far.address, 1 << 64);
    assert_eq!(guest.call("near", &[Value::I64(65534)]), [Value::I32(0)]);
}

/// A host function that grows the memory moves it; the program must see the new one.
#[test]
fn growth_inside_of_a_host_call_is_seen() {
    let text = r#"(module (import "host" "grow" (func $grow)) (memory (export "memory") 1)
        (func (export "f") (result i32)
          (i32.store (i32.const 0) (i32.const 11))
          (call $grow)
          (i32.store (i32.const 200000) (i32.const 31))
          (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 200000)))))"#;
    let mut store = Store::new(config());
    let mut linker = Linker::new();
    linker.func(&mut store, "host", "grow", FuncType::new([], []), |caller, _, _| {
        caller.memory_mut().unwrap().grow(5).unwrap();
        Ok(())
    });
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    assert_eq!(store.invoke(instance, "f", &[]).unwrap(), [Value::I32(42)]);
}

#[test]
fn a_refused_growth_is_no_address() {
    let text = r#"(module (memory 1 2)
        (func (export "f") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "use") (result i32) (i32.load (memory.grow (i32.const 5)))))"#;
    let mut guest = Guest::new(text);
    assert_eq!(guest.i32("f", &[2]), -1);
    assert_eq!(guest.trap("use", &[]).access.unwrap().address, 0xffff_ffff);
    assert_eq!(guest.i32("f", &[1]), 1);
    assert_eq!(guest.i32("f", &[1]), -1);
    assert_eq!(guest.i32("f", &[0]), 2);
}

#[test]
fn growth_stops_at_the_embedders_limit() {
    let text = "(module (memory 1) (func (export \"f\") (param i32) (result i32)
        (memory.grow (local.get 0))))";
    let mut guest = Guest::with_config(text, config().max_pages(Some(3)));
    assert_eq!([2, 1].map(|delta| guest.i32("f", &[delta])), [1, -1]);
}

#[test]
fn segments_apply_in_order_until_one_traps() {
    let text = r#"(module (import "m" "m" (memory 1)) (import "m" "t" (table 2 funcref))
        (func $f) (elem (i32.const 0) $f)
        (data (i32.const 0) "ab") (data (i32.const 65535) "cd") (data (i32.const 2) "ef"))"#;
    let mut store = Store::new(config());
    let memory = store.create_memory(MemoryType::wasm32(1, None).unwrap(), "shared").unwrap();
    let exports = module(r#"(module (table (export "t") 2 funcref))"#);
    let mut linker = Linker::new();
    let instance = linker.instantiate(&mut store, &exports).unwrap();
    linker.instance(&store, "m", instance);
    linker.define("m", "m", Extern::Memory(memory));
    let Err(InstantiateError::Run(error)) = linker.instantiate(&mut store, &module(text)) else {
        panic!("the second segment fits");
    };
    let report = trap_of(Err(error));
    assert_eq!(report.kind.to_string(), "out of bounds memory access");
    assert_eq!(report.access.unwrap().address, 65535);
    let start = &*store.memory(memory).unwrap().get_safe_slice(0, 4).unwrap();
    assert_eq!(start, b"ab\0\0");
}

#[test]
fn a_dropped_segment_has_length_zero() {
    let text = r#"(module (memory 1) (data $active (i32.const 0) "abc") (data $passive "xyz")
        (func (export "active") (param i32) (memory.init $active (i32.const 9) (i32.const 0) (local.get 0)))
        (func (export "passive") (param i32) (memory.init $passive (i32.const 9) (i32.const 0) (local.get 0)))
        (func (export "drop") (data.drop $passive)))"#;
    let mut guest = Guest::new(text);
    guest.call("active", &[Value::I32(0)]);
    let kind = guest.trap("active", &[Value::I32(1)]).kind;
    assert!(matches!(kind, TrapKind::Memory(_)));
    guest.call("passive", &[Value::I32(3)]);
    guest.call("drop", &[]);
    guest.call("passive", &[Value::I32(0)]);
    guest.trap("passive", &[Value::I32(1)]);
}

#[test]
fn a_host_function_sees_the_memory_of_its_caller() {
    let text = r#"(module (import "host" "peek" (func $peek (param i32) (result i32)))
        (memory 1) (data (i32.const 5) "\2a")
        (func (export "f") (result i32) (call $peek (i32.const 5))))"#;
    let mut store = Store::new(config());
    let mut linker = Linker::new();
    let ty = FuncType::new([ValType::I32], [ValType::I32]);
    linker.func(&mut store, "host", "peek", ty, |caller, args, results| {
        let address = args[0].as_i32().unwrap() as u64;
        let byte = caller.memory().unwrap().get_safe_slice(address, 1).unwrap()[0];
        results[0] = Value::I32(i32::from(byte));
        Ok(())
    });
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    assert_eq!(store.invoke(instance, "f", &[]).unwrap(), [Value::I32(42)]);
}

#[test]
fn modules_are_reusable() {
    let module: Module = module(
        r#"(module (memory (export "m") 1) (global $g (mut i32) (i32.const 5))
        (func (export "f") (result i32)
          (global.set $g (i32.add (global.get $g) (i32.const 1)))
          (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (global.get $g)))
          (i32.load (i32.const 0))))"#,
    );
    let mut store = Store::new(config());
    let [a, b] = [0, 1].map(|_| Linker::new().instantiate(&mut store, &module).unwrap());
    let mut call = |instance| store.invoke(instance, "f", &[]).unwrap();
    assert_eq!([call(a), call(a), call(b)], [6, 13, 6].map(|sum| vec![Value::I32(sum)]));
}
