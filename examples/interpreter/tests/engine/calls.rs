//! Calls: within an instance, between instances, through tables, to the host and back.

use wrt_interpreter::{Error, FuncType, HostError, Linker, Store, TrapKind, ValType, Value};

use crate::guest::{Guest, config, module, run, trap_of};

#[test]
fn recursion_works() {
    let text = "(module (func $fib (export \"f\") (param i32) (result i32)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
          (then (local.get 0))
          (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                         (call $fib (i32.sub (local.get 0) (i32.const 2))))))))";
    assert_eq!(run(text, &[20]), 6765);
}

#[test]
fn tail_calls_need_no_stack() {
    let text = r#"(module (table funcref (elem $odd))
        (type $t (func (param i32) (result i32)))
        (func $even (export "f") (param i32) (result i32)
          (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
          (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
        (func $odd (param i32) (result i32) (local i64 i64)
          (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
          (return_call $even (i32.sub (local.get 0) (i32.const 1)))))"#;
    assert_eq!(run(text, &[1_000_001]), 0);
    assert_eq!(run(text, &[1_000_000]), 1);
}

#[test]
fn tail_calls_reach_the_host_and_other_instances() {
    let mut store = Store::new(config());
    let mut linker = Linker::new();
    let ty = FuncType::new([ValType::I32, ValType::I32], [ValType::I32]);
    linker.func(&mut store, "host", "sub", ty, |_, args, results| {
        let [Value::I32(x), Value::I32(y)] = args else {
            return Err(HostError::Message("other arguments".into()));
        };
        results[0] = Value::I32(x - y);
        Ok(())
    });
    let text = r#"(module (import "host" "sub" (func $sub (param i32 i32) (result i32)))
        (table (export "t") funcref (elem $sub)) (type $t (func (param i32 i32) (result i32)))
        (func (export "direct") (param i32 i32) (result i32)
          (return_call $sub (local.get 1) (local.get 0)))
        (func (export "indirect") (param i32 i32) (result i32)
          (return_call_indirect (type $t) (local.get 1) (local.get 0) (i32.const 0))))"#;
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    linker.instance(&store, "other", instance);
    let outer = r#"(module (import "other" "direct" (func $d (param i32 i32) (result i32)))
        (func (export "f") (param i32 i32) (result i32) (return_call $d (local.get 1) (local.get 0))))"#;
    let outer = linker.instantiate(&mut store, &module(outer)).unwrap();
    let args = [Value::I32(30), Value::I32(72)];
    for (instance, name, expected) in
        [(instance, "direct", 42), (instance, "indirect", 42), (outer, "f", -42)]
    {
        assert_eq!(store.invoke(instance, name, &args).unwrap(), [Value::I32(expected)], "{name}");
    }
}

/// Two instances call each other through a table, each with a memory of its own.
#[test]
fn instances_call_each_other() {
    let mut store = Store::new(config());
    let mut linker = Linker::new();
    let first = r#"(module (table (export "t") 2 funcref) (memory 1) (data (i32.const 0) "\01")
        (type $t (func (param i32) (result i32)))
        (func $down (export "down") (param i32) (result i32)
          (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
            (else (i32.add (i32.load8_u (i32.const 0))
              (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))))))"#;
    let second = r#"(module (import "first" "t" (table 2 funcref))
        (import "first" "down" (func $first (param i32) (result i32)))
        (memory 1) (data (i32.const 0) "\64")
        (elem (i32.const 1) $down)
        (func $down (param i32) (result i32)
          (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
            (else (i32.add (i32.load8_u (i32.const 0))
              (call $first (i32.sub (local.get 0) (i32.const 1))))))))"#;
    let instance = linker.instantiate(&mut store, &module(first)).unwrap();
    linker.instance(&store, "first", instance);
    linker.instantiate(&mut store, &module(second)).unwrap();
    let mut call = |depth| store.invoke(instance, "down", &[Value::I32(depth)]);
    assert_eq!(call(4).unwrap(), [Value::I32(202)]);
    assert_eq!(call(20_000).unwrap(), [Value::I32(10_000 * 101)]);
    assert_eq!(trap_of(call(10_000_000)).kind, TrapKind::CallStackExhausted);
    assert_eq!(call(4).unwrap(), [Value::I32(202)], "after the stack was exhausted");
}

#[test]
fn host_functions_may_call_back() {
    let text = r#"(module (import "host" "again" (func $again (param i32) (result i32)))
        (func (export "f") (param i32) (result i32)
          (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
            (else (i32.add (local.get 0) (call $again (i32.sub (local.get 0) (i32.const 1))))))))"#;
    let mut store = Store::new(config());
    let mut linker = Linker::new();
    let ty = FuncType::new([ValType::I32], [ValType::I32]);
    linker.func(&mut store, "host", "again", ty, |caller, args, results| {
        let instance = caller.instance().unwrap();
        let returned = caller.store_mut().invoke(instance, "f", args);
        results.copy_from_slice(&returned.map_err(|error| HostError::Message(error.to_string()))?);
        Ok(())
    });
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    let mut call = |depth| store.invoke(instance, "f", &[Value::I32(depth)]);
    assert_eq!(call(50).unwrap(), [Value::I32(1275)]);
    let Err(Error::Host(message)) = call(100_000) else {
        panic!("nested without end");
    };
    assert_eq!(message, "call stack exhausted");
    assert_eq!(call(50).unwrap(), [Value::I32(1275)]);
}

#[test]
fn host_functions_end_programs() {
    let text = r#"(module (import "host" "end" (func $end (param i32)))
        (func (export "f") (param i32) (call $end (local.get 0)) unreachable))"#;
    let mut store = Store::new(config());
    let mut linker = Linker::new();
    linker.func(&mut store, "host", "end", FuncType::new([ValType::I32], []), |_, args, _| {
        Err(match args[0].as_i32().unwrap() {
            0 => HostError::Exit(3),
            1 => HostError::Message("no more".into()),
            _ => HostError::Trap(TrapKind::IntegerOverflow),
        })
    });
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    let mut call = |how| store.invoke(instance, "f", &[Value::I32(how)]);
    assert_eq!(call(0), Err(Error::Exit(3)));
    assert_eq!(call(1), Err(Error::Host("no more".into())));
    let report = trap_of(call(2));
    assert_eq!((report.kind, report.function.unwrap().index), (TrapKind::IntegerOverflow, 1));
}

#[test]
fn results_of_the_wrong_type_are_refused() {
    let text = r#"(module (import "host" "f" (func $f (result i32))) (export "f" (func $f)))"#;
    let mut store = Store::new(config());
    let mut linker = Linker::new();
    linker.func(&mut store, "host", "f", FuncType::new([], [ValType::I32]), |_, _, results| {
        results[0] = Value::I64(1);
        Ok(())
    });
    let instance = linker.instantiate(&mut store, &module(text)).unwrap();
    let error = store.invoke(instance, "f", &[]).unwrap_err().to_string();
    assert_eq!(error, "a host function returned other values than its type says: func () -> (i32)");
}

#[test]
fn arguments_are_checked() {
    let mut guest = Guest::new("(module (func (export \"f\") (param i32 f64)))");
    let error = guest.store.invoke(guest.instance, "f", &[Value::I64(1)]).unwrap_err();
    assert_eq!(error.to_string(), "wrong arguments for func (i32 f64) -> (): (i64)");
    let error = guest.store.invoke(guest.instance, "g", &[]).unwrap_err();
    assert_eq!(error.to_string(), "no exported function \"g\"");
}

#[test]
fn references_keep_their_identity() {
    let text = r#"(module (table $t 4 externref) (func $g (result i32) (i32.const 9))
        (table $f 1 funcref) (elem declare func $g)
        (func (export "put") (param i32 externref) (table.set $t (local.get 0) (local.get 1)))
        (func (export "get") (param i32) (result externref) (table.get $t (local.get 0)))
        (func (export "f") (result i32)
          (table.set $f (i32.const 0) (ref.func $g))
          (call_indirect $f (result i32) (i32.const 0)))
        (func (export "null") (param i32) (result i32)
          (ref.is_null (table.get $t (local.get 0)))))"#;
    let mut guest = Guest::new(text);
    let host = Value::ExternRef(Some(0));
    guest.call("put", &[Value::I32(2), host]);
    assert_eq!(guest.call("get", &[Value::I32(2)]), [host]);
    assert_eq!(guest.call("get", &[Value::I32(1)]), [Value::ExternRef(None)]);
    assert_eq!([guest.i32("null", &[2]), guest.i32("null", &[1]), guest.i32("f", &[])], [0, 1, 9]);
    assert_eq!(guest.trap("get", &[Value::I32(4)]).kind, TrapKind::TableOutOfBounds);
}
