//! Modules and calls that are too large or too deep: an error or a trap, never a panic or an
//! overflow of the host's stack.

use wrt_interpreter::{Features, LoadError, Module, TrapKind, Value};

use crate::guest::{Guest, config};

const RECURSE: &str = r#"(module (table funcref (elem $direct $indirect))
    (func $direct (export "direct") (param i32) (result i32)
      (i32.add (i32.const 1) (call $direct (local.get 0))))
    (func $indirect (export "indirect") (param i32) (result i32)
      (i32.add (i32.const 1) (call_indirect (param i32) (result i32) (local.get 0) (i32.const 1))))
    (func (export "f") (result i32) (i32.const 7)))"#;

#[test]
fn endless_recursion_traps_and_leaves_the_store_usable() {
    let mut guest = Guest::new(RECURSE);
    for name in ["direct", "indirect", "direct"] {
        let report = guest.trap(name, &[Value::I32(0)]);
        assert_eq!(report.kind, TrapKind::CallStackExhausted, "{name}");
        assert!(report.function.is_some() && report.offset.is_some());
        assert_eq!(guest.i32("f", &[]), 7);
    }
}

#[test]
fn the_depth_of_calls_is_the_configured_one() {
    let text = r#"(module (func $down (export "f") (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
          (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))))))"#;
    let mut guest = Guest::with_config(text, config().max_call_depth(100));
    assert_eq!(guest.i32("f", &[99]), 99);
    assert_eq!(guest.trap("f", &[Value::I32(100)]).kind, TrapKind::CallStackExhausted);
    let mut guest = Guest::with_config(text, config().max_stack_slots(1000));
    assert_eq!(guest.i32("f", &[100]), 100);
    assert_eq!(guest.trap("f", &[Value::I32(10_000)]).kind, TrapKind::CallStackExhausted);
    let mut guest = Guest::with_config(text, config().max_call_depth(0));
    assert_eq!(guest.trap("f", &[Value::I32(0)]).kind, TrapKind::CallStackExhausted);
}

#[test]
fn large_frames_are_deep_recursion_too() {
    let locals = "i64 ".repeat(30_000);
    let text = format!(
        r#"(module (func $f (export "f") (param i32) (result i32) (local {locals})
            (if (result i32) (local.get 0)
              (then (call $f (i32.sub (local.get 0) (i32.const 1))))
              (else (i32.wrap_i64 (local.get 29999))))))"#
    );
    let mut guest = Guest::new(&text);
    assert_eq!(guest.i32("f", &[20]), 0);
    assert_eq!(guest.trap("f", &[Value::I32(50)]).kind, TrapKind::CallStackExhausted);
}

#[test]
fn a_function_may_have_as_many_slots_as_a_window() {
    let module = |locals: usize, operands: usize| {
        let (locals, gets) = ("i64 ".repeat(locals), "local.get 0 ".repeat(operands));
        let drops = "drop ".repeat(operands);
        let text = format!("(module (func (export \"f\") (local {locals}) {gets} {drops}))");
        Module::new(&wat::parse_str(text).unwrap(), &Features::ALL)
    };
    assert!(module(45_000, 20_000).is_ok());
    let Err(LoadError::Unsupported { what, .. }) = module(45_000, 21_000) else {
        panic!("more slots than a window has");
    };
    assert_eq!(what, "a function that needs more than 65536 slots for its locals and operands");
}

#[test]
fn a_long_program_does_not_deepen_the_hosts_stack() {
    // Every kind of operation that loops use, a few million times.
    let text = r#"(module (memory 1) (global $g (mut i32) (i32.const 0))
        (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
        (func (export "f") (param i32) (result i32) (local i32 f64)
          (loop $top
            (local.set 1 (i32.rem_u (i32.mul (local.get 0) (i32.const 7)) (i32.const 100)))
            (i32.store offset=8 (local.get 1) (local.get 0))
            (global.set $g (i32.add (global.get $g) (i32.load offset=8 (local.get 1))))
            (local.set 2 (f64.floor (f64.div (f64.convert_i32_s (local.get 0)) (f64.const 3))))
            (local.set 1 (select (call $leaf (local.get 1)) (i32.trunc_f64_s (local.get 2))
                                 (i32.and (local.get 0) (i32.const 1))))
            (block (block (block (br_table 0 1 2 (i32.and (local.get 1) (i32.const 3))))
              (memory.fill (i32.const 100) (local.get 1) (i32.const 4)))
              (memory.copy (i32.const 104) (i32.const 100) (i32.const 4)))
            (br_if $top (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (global.get $g)))"#;
    let count = 300_000;
    let sum = (1..=count).fold(0_i32, |sum: i32, x| sum.wrapping_add(x));
    assert_eq!(Guest::new(text).i32("f", &[count]), sum);
}

#[test]
fn tables_have_a_limit() {
    let text = r#"(module (table 1 funcref)
        (func (export "f") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"#;
    let mut guest = Guest::new(text);
    assert_eq!(guest.i32("f", &[-1]), -1);
    assert_eq!(guest.i32("f", &[9]), 1);
    let huge = Module::new(
        &wat::parse_str("(module (table 0xffffffff funcref))").unwrap(),
        &Features::ALL,
    );
    let mut store = wrt_interpreter::Store::new(config());
    let error = wrt_interpreter::Linker::new().instantiate(&mut store, &huge.unwrap()).unwrap_err();
    let expected = "a table of 4294967295 elements exceeds the limit of 10000000 elements";
    assert_eq!(error.to_string(), expected);
}

/// Whatever the bytes, loading ends with a module or an error.
#[test]
fn damaged_modules_are_errors() {
    let sound = wat::parse_str(RECURSE).unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit as u64) as usize
    };
    for _ in 0..20_000 {
        let mut bytes = sound.clone();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            bytes[at] = random(256) as u8;
        }
        bytes.truncate(bytes.len() - random(4) * random(8));
        let _ = Module::new(&bytes, &Features::ALL);
    }
}

#[test]
fn all_tables_have_a_limit_together() {
    let tables = "(table 10000000 funcref)".repeat(100);
    let many = Module::new(&wat::parse_str(format!("(module {tables})")).unwrap(), &Features::ALL);
    let mut store = wrt_interpreter::Store::new(config());
    let error = wrt_interpreter::Linker::new().instantiate(&mut store, &many.unwrap()).unwrap_err();
    let expected = "a table of 10000000 elements exceeds the limit of 10000000 elements for all \
                    tables, 10000000 of which are in use";
    assert_eq!(error.to_string(), expected);
    let text = r#"(module (table $t 4 funcref) (table $u 4 funcref)
        (func (export "t") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))
        (func (export "u") (param i32) (result i32) (table.grow $u (ref.null func) (local.get 0))))"#;
    let mut guest = Guest::with_config(text, config().max_table_elements(10));
    assert_eq!([guest.i32("t", &[3]), guest.i32("t", &[1]), guest.i32("u", &[2])], [-1, 4, -1]);
    assert_eq!([guest.i32("u", &[1]), guest.i32("u", &[1]), guest.i32("t", &[0])], [4, -1, 5]);
}
