//! Corner cases of arithmetic that the official scripts would miss in this interpreter.

use wrt_interpreter::{TrapKind, Value};

use crate::guest::Guest;

fn unary(op: &str, from: &str, to: &str) -> Guest {
    Guest::new(&format!(
        "(module (func (export \"f\") (param {from}) (result {to}) ({op} (local.get 0))))"
    ))
}

#[test]
fn conversions_trap_exactly_where_values_do_not_fit() {
    let f64 = |x: f64| [Value::F64(x.to_bits())];
    let mut to_i32 = unary("i32.trunc_f64_s", "f64", "i32");
    assert_eq!(to_i32.call("f", &f64(-2_147_483_648.9)), [Value::I32(i32::MIN)]);
    assert_eq!(to_i32.call("f", &f64(2_147_483_647.9)), [Value::I32(i32::MAX)]);
    assert_eq!(to_i32.trap("f", &f64(-2_147_483_649.0)).kind, TrapKind::IntegerOverflow);
    assert_eq!(to_i32.trap("f", &f64(2_147_483_648.0)).kind, TrapKind::IntegerOverflow);
    assert_eq!(to_i32.trap("f", &f64(f64::NAN)).kind, TrapKind::InvalidConversionToInteger);
    let mut to_i64 = unary("i64.trunc_f64_s", "f64", "i64");
    assert_eq!(to_i64.call("f", &f64(-9_223_372_036_854_775_808.0)), [Value::I64(i64::MIN)]);
    let below = f64(-9_223_372_036_854_777_856.0);
    assert_eq!(to_i64.trap("f", &below).kind, TrapKind::IntegerOverflow);
    let mut to_u64 = unary("i64.trunc_f64_u", "f64", "i64");
    assert_eq!(to_u64.call("f", &f64(-0.9)), [Value::I64(0)]);
    assert_eq!(to_u64.trap("f", &f64(-1.0)).kind, TrapKind::IntegerOverflow);
    assert_eq!(
        to_u64.trap("f", &f64(18_446_744_073_709_551_616.0)).kind,
        TrapKind::IntegerOverflow
    );
}

#[test]
fn division_traps_by_zero_and_on_overflow() {
    let text = r#"(module
        (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
        (func (export "rem") (param i32 i32) (result i32) (i32.rem_s (local.get 0) (local.get 1)))
        (func (export "const") (param i32) (result i32) (i32.div_s (local.get 0) (i32.const -1))))"#;
    let mut guest = Guest::new(text);
    let args = |x, y| [Value::I32(x), Value::I32(y)];
    assert_eq!(guest.trap("div", &args(1, 0)).kind, TrapKind::IntegerDivideByZero);
    assert_eq!(guest.trap("div", &args(i32::MIN, -1)).kind, TrapKind::IntegerOverflow);
    assert_eq!(guest.i32("rem", &[i32::MIN, -1]), 0);
    assert_eq!(guest.trap("rem", &args(1, 0)).kind, TrapKind::IntegerDivideByZero);
    assert_eq!(guest.trap("const", &[Value::I32(i32::MIN)]).kind, TrapKind::IntegerOverflow);
}

#[test]
fn nan_payloads_survive_moves_and_memory() {
    let text = r#"(module (memory 1) (global $g (mut f32) (f32.const 0))
        (func $id (param f32) (result f32) local.get 0)
        (func (export "f") (param f32) (result f32) (local f32)
          (f32.store (i32.const 8) (call $id (local.get 0)))
          (local.set 1 (f32.load (i32.const 8)))
          (global.set $g (select (local.get 1) (f32.const 0) (i32.const 1)))
          (f32.neg (f32.neg (f32.reinterpret_i32 (i32.reinterpret_f32 (global.get $g)))))))"#;
    let signalling = [Value::F32(0x7fa1_2345)];
    assert_eq!(Guest::new(text).call("f", &signalling), signalling);
}

#[test]
fn constants_in_operations_are_themselves() {
    let text = r#"(module
        (func (export "copysign") (param f64) (result f64)
          (f64.copysign (local.get 0) (f64.const -0.5)))
        (func (export "third") (param f64) (result f64) (f64.div (f64.const 1) (local.get 0)))
        (func (export "wide") (param i64) (result i64)
          (i64.xor (local.get 0) (i64.const 0x123456789abcdef0)))
        (func (export "negative") (param i64) (result i64) (i64.sub (local.get 0) (i64.const -5)))
        (func (export "least") (param i32) (result i32)
          (i32.sub (local.get 0) (i32.const -2147483648))))"#;
    let mut guest = Guest::new(text);
    let f64 = |x: f64| [Value::F64(x.to_bits())];
    assert_eq!(guest.call("copysign", &f64(3.5)), f64(-3.5));
    assert_eq!(guest.call("third", &f64(3.0)), f64(1.0 / 3.0));
    assert_eq!(guest.call("wide", &[Value::I64(0)]), [Value::I64(0x1234_5678_9abc_def0)]);
    assert_eq!(guest.call("negative", &[Value::I64(1)]), [Value::I64(6)]);
    assert_eq!(guest.i32("least", &[0]), i32::MIN);
}
