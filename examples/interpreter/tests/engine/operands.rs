//! Translation of operands: locals written while their old value is on the stack, values passed by
//! blocks, fused operations.

use wrt_interpreter::Value;

use crate::guest::{Guest, run};

#[test]
fn a_pending_local_keeps_its_old_value() {
    let set = "(func (export \"f\") (param i32) (result i32)
        local.get 0  (local.set 0 (i32.const 100))  local.get 0  i32.sub)";
    assert_eq!(run(&format!("(module {set})"), &[7]), -93);
    let twice = "(module (func (export \"f\") (param i32) (result i32)
        local.get 0  local.get 0  (local.tee 0 (i32.add (local.get 0) (i32.const 1)))
        i32.add  i32.add  local.get 0  i32.add))";
    assert_eq!(run(twice, &[10]), 10 + 10 + 11 + 11);
}

#[test]
fn locals_can_be_exchanged() {
    let text = "(module (func (export \"f\") (param i32 i32) (result i32)
        local.get 0  local.get 1  local.set 0  local.set 1
        (i32.sub (local.get 0) (local.get 1))))";
    assert_eq!(run(text, &[3, 10]), 7);
}

#[test]
fn a_local_written_in_one_arm_keeps_its_old_value_below() {
    let text = "(module (func (export \"f\") (param i32 i32) (result i32)
        local.get 1
        (if (local.get 0) (then (local.set 1 (i32.const 50))))
        local.get 1  i32.sub))";
    assert_eq!(run(text, &[1, 8]), -42);
    assert_eq!(run(text, &[0, 8]), 0);
}

#[test]
fn a_result_that_is_a_local_survives_the_local() {
    let text = "(module (func (export \"f\") (param i32) (result i32)
        (block (result i32) (local.get 0))
        (local.set 0 (i32.const 1))
        local.get 0  i32.add))";
    assert_eq!(run(text, &[41]), 42);
}

#[test]
fn branches_carry_values_past_others() {
    let text = "(module (func (export \"f\") (param i32) (result i32)
        (block (result i32)
          (i32.const 1) (i32.const 2) (i32.const 3)
          (br_if 0 (i32.const 77) (local.get 0))
          drop drop drop drop (i32.const 4))))";
    assert_eq!(run(text, &[1]), 77);
    assert_eq!(run(text, &[0]), 4);
}

#[test]
fn loops_take_parameters() {
    // The branch goes back with the counter.
    let counted = "(module (func (export \"f\") (param i32) (result i32) (local i32)
        (local.get 0)
        (loop (param i32) (result i32)
          (local.set 0)
          (local.set 1 (i32.add (local.get 1) (local.get 0)))
          (i32.sub (local.get 0) (i32.const 1))
          (br_if 0 (local.tee 0) (local.get 0))
          drop (local.get 1))))";
    assert_eq!(run(counted, &[10]), 55);
}

#[test]
fn tables_of_branches_carry_values() {
    let text = "(module (func (export \"f\") (param i32) (result i32)
        (block (result i32)
          (block (result i32)
            (block (result i32)
              (i32.const 5) (local.get 0) (br_table 0 1 2))
            (i32.add (i32.const 10)))
          (i32.add (i32.const 100)))))";
    assert_eq!([0, 1, 2, -1].map(|index| run(text, &[index])), [115, 105, 5, 5]);
}

#[test]
fn functions_return_many_values() {
    let text = r#"(module
        (func $three (param i32 i64) (result i64 i32 f64)
          local.get 1  local.get 0  f64.const 2.5)
        (func (export "swap") (param i32 i32) (result i32 i32) local.get 1  local.get 0)
        (func (export "f") (result i32 f64 i64) (local i64 i32 f64)
          (call $three (i32.const 7) (i64.const 8)) local.set 2 local.set 1 local.set 0
          local.get 1 local.get 2 local.get 0))"#;
    let mut guest = Guest::new(text);
    let found = guest.call("f", &[]);
    assert_eq!(found, [Value::I32(7), Value::F64(2.5_f64.to_bits()), Value::I64(8)]);
    let swapped = guest.call("swap", &[Value::I32(1), Value::I32(2)]);
    assert_eq!(swapped, [Value::I32(2), Value::I32(1)]);
}

#[test]
fn comparisons_and_branches_run_together() {
    for (op, expected) in [
        ("i32.lt_s", [1, 0, 0]),
        ("i32.lt_u", [0, 0, 1]),
        ("i32.ge_s", [0, 1, 1]),
        ("i32.eq", [0, 1, 0]),
        ("i32.and", [1, 1, 1]),
    ] {
        for (form, flip) in [("br_if 0", false), ("i32.eqz br_if 0", true)] {
            let text = format!(
                "(module (func (export \"f\") (param i32 i32) (result i32)
                  (block local.get 0  local.get 1  {op}  {form}  (return (i32.const 0)))
                  (i32.const 1)))"
            );
            let found = [[-1, 1], [5, 5], [1, -1]].map(|args| run(&text, &args));
            assert_eq!(
                found.map(|bit| (bit != 0) != flip),
                expected.map(|bit| bit != 0),
                "{op} {form}"
            );
        }
    }
}

#[test]
fn comparisons_of_floats_have_no_opposite() {
    let text = "(module (func (export \"f\") (param f32 f32) (result i32)
        (if (result i32) (f32.lt (local.get 0) (local.get 1))
          (then (i32.const 1)) (else (i32.const 2)))))";
    let mut guest = Guest::new(text);
    let nan = Value::F32(f32::NAN.to_bits());
    let one = Value::F32(1.0_f32.to_bits());
    assert_eq!(guest.call("f", &[nan, one]), [Value::I32(2)]);
    assert_eq!(guest.call("f", &[one, nan]), [Value::I32(2)]);
}

#[test]
fn masked_comparisons_branch() {
    for (ty, constant) in [("i32", "i32.const"), ("i64", "i64.const")] {
        let text = format!(
            "(module (func (export \"f\") (param i32) (result i32) (local {ty})
              local.get 0  {extend}  local.set 1
              (if (result i32) ({ty}.eq ({ty}.and (local.get 1) ({constant} 7)) ({constant} 2))
                (then (i32.const 1)) (else (i32.const 0)))))",
            extend = if ty == "i64" { "i64.extend_i32_s" } else { "nop" },
        );
        assert_eq!([2, 10, 3, -6].map(|x| run(&text, &[x])), [1, 1, 0, 1], "{ty}");
    }
}

#[test]
fn counting_loops_count() {
    let text = |step: &str, until: &str| {
        format!(
            "(module (func (export \"f\") (param i32 i32) (result i32) (local i32)
              (loop (local.set 2 (i32.add (local.get 2) (i32.const 1)))
                (br_if 0 ({until} (local.tee 0 (i32.add (local.get 0) (i32.const {step})))
                                  (local.get 1))))
              (local.get 2)))"
        )
    };
    assert_eq!(run(&text("1", "i32.lt_s"), &[-5, 5]), 10);
    assert_eq!(run(&text("-3", "i32.gt_s"), &[10, 0]), 4);
    assert_eq!(run(&text("1000", "i32.ne"), &[0, 5000]), 5);
    assert_eq!(run(&text("127", "i32.lt_u"), &[0, 127]), 1);
    assert_eq!(run(&text("-128", "i32.ne"), &[256, 0]), 2);
    let mirrored = "(module (func (export \"f\") (param i32 i32) (result i32) (local i32)
        (loop (local.set 2 (i32.add (local.get 2) (i32.const 1)))
          (br_if 0 (i32.gt_s (local.get 1) (local.tee 0 (i32.add (local.get 0) (i32.const 2))))))
        (local.get 2)))";
    assert_eq!(run(mirrored, &[0, 9]), 5);
    let itself = "(module (func (export \"f\") (param i32) (result i32)
        (loop (br_if 0 (i32.lt_s (local.tee 0 (i32.add (local.get 0) (i32.const 1)))
                                 (local.get 0))))
        (local.get 0)))";
    assert_eq!(run(itself, &[4]), 5);
    let long = "(module (func (export \"f\") (param i64) (result i64)
        (loop (br_if 0 (i64.ne (local.tee 0 (i64.add (local.get 0) (i64.const -1)))
                               (i64.const 0x7fffffffffffff00))))
        (local.get 0)))";
    let start = Value::I64(0x7fff_ffff_ffff_ffff);
    assert_eq!(Guest::new(long).call("f", &[start]), [Value::I64(0x7fff_ffff_ffff_ff00)]);
}

#[test]
fn pairs_of_arithmetic_keep_their_order() {
    let text =
        |body: &str| format!("(module (func (export \"f\") (param i32 i32) (result i32) {body}))");
    let cases = [
        ("(i32.sub (local.get 0) (i32.shl (local.get 1) (i32.const 3)))", 100 - (5 << 3)),
        ("(i32.sub (i32.shl (local.get 1) (i32.const 3)) (local.get 0))", (5 << 3) - 100),
        ("(i32.sub (local.get 0) (i32.sub (local.get 1) (i32.const 7)))", 100 - (5 - 7)),
        ("(i32.shl (local.get 1) (i32.and (local.get 0) (i32.const 6)))", 5 << 4),
        ("(i32.sub (i32.const 1000) (i32.mul (local.get 0) (local.get 1)))", 500),
        ("(i32.xor (i32.rotl (local.get 0) (i32.const -1)) (i32.const -1))", !50),
        ("(i32.shr_s (i32.sub (local.get 1) (local.get 0)) (i32.const 2))", -95 >> 2),
    ];
    for (body, expected) in cases {
        assert_eq!(run(&text(body), &[100, 5]), expected, "{body}");
    }
    let float = "(module (func (export \"f\") (param f64 f64) (result f64)
        (f64.sub (local.get 0) (f64.mul (local.get 1) (local.get 1)))))";
    let args = [1.0_f64, 3.0].map(|x| Value::F64(x.to_bits()));
    assert_eq!(Guest::new(float).call("f", &args), [Value::F64((-8.0_f64).to_bits())]);
}

#[test]
fn a_truncated_value_has_no_upper_half() {
    let body = |body: &str| {
        let text = format!(
            "(module (global $g (mut i32) (i32.const 0))
              (func $id (param i32) (result i32) local.get 0)
              (func (export \"f\") (param i64) (result i64) (local i32 i64) {body}))"
        );
        Guest::new(&text).call("f", &[Value::I64(0x0123_4567_89ab_cdef)])
    };
    let low = [Value::I64(0x89ab_cdef)];
    assert_eq!(body("(i64.extend_i32_u (i32.wrap_i64 (local.get 0)))"), low);
    assert_eq!(
        body("(local.set 1 (i32.wrap_i64 (local.get 0))) (i64.extend_i32_u (local.get 1))"),
        low
    );
    assert_eq!(body("(i64.extend_i32_u (call $id (i32.wrap_i64 (local.get 0))))"), low);
    assert_eq!(
        body("(global.set $g (i32.wrap_i64 (local.get 0))) (i64.extend_i32_u (global.get $g))"),
        low
    );
    let select = "(i64.extend_i32_u
        (select (i32.wrap_i64 (local.get 0)) (i32.const 0) (i32.wrap_i64 (local.get 0))))";
    assert_eq!(body(select), low);
    let block = "(i64.extend_i32_u (block (result i32) (br 0 (i32.wrap_i64 (local.get 0)))))";
    assert_eq!(body(block), low);
    let kept = "(i32.wrap_i64 (local.get 0)) (local.set 0 (i64.const 1)) i64.extend_i32_u";
    assert_eq!(body(kept), low);
}

#[test]
fn locals_start_as_zero_wherever_they_are_read_first() {
    let dirty = "(func $dirty (local i32 i32 i32 i64)
        (local.set 0 (i32.const -1)) (local.set 1 (i32.const -1))
        (local.set 2 (i32.const -1)) (local.set 3 (i64.const -1)))";
    let body = |body: &str| {
        let text = format!(
            "(module {dirty} (func $g (param i32) (result i32) (local i32 i32 i64) {body})
              (func (export \"f\") (param i32) (result i32) (call $dirty) (call $g (local.get 0))))"
        );
        [run(&text, &[0]), run(&text, &[1])]
    };
    assert_eq!(body("local.get 2"), [0, 0]);
    assert_eq!(body("(if (local.get 0) (then (local.set 1 (i32.const 9)))) local.get 1"), [0, 9]);
    let arms =
        "(if (local.get 0) (then (local.set 1 (i32.const 9))) (else (local.set 2 (local.get 1))))
        local.get 2";
    assert_eq!(body(arms), [0, 0]);
    let skipped = "(block (br_if 0 (local.get 0)) (local.set 1 (i32.const 9))) local.get 1";
    assert_eq!(body(skipped), [9, 0]);
    let around =
        "(loop (if (local.get 0) (then (local.set 2 (i32.add (local.get 1) (i32.const 1)))))
        (local.set 1 (i32.const 5))) local.get 2";
    assert_eq!(body(around), [0, 1]);
    assert_eq!(body("(i32.wrap_i64 (local.get 3))"), [0, 0]);
}

#[test]
fn vectors_pass_through_everything() {
    let text = r#"(module (global $g (mut v128) (v128.const i64x2 0 0))
        (func $id (param i32 v128 i32) (result v128) local.get 1)
        (func (export "f") (param v128 v128 i32) (result v128 i32) (local v128)
          (local.set 3 (select (local.get 0) (local.get 1) (local.get 2)))
          (global.set $g (call $id (i32.const 1) (local.get 3) (i32.const 2)))
          (block (result v128) (br_if 0 (global.get $g) (local.get 2)) v128.not)
          (i32.const 6)))"#;
    let (a, b) = (Value::V128([1; 16]), Value::V128([2; 16]));
    let mut guest = Guest::new(text);
    assert_eq!(guest.call("f", &[a, b, Value::I32(1)]), [a, Value::I32(6)]);
    let inverted = Value::V128([!2; 16]);
    assert_eq!(guest.call("f", &[a, b, Value::I32(0)]), [inverted, Value::I32(6)]);
}

#[test]
fn constants_of_loops_are_there() {
    let text = "(module (func (export \"f\") (param f64 i32) (result f64)
        (loop (local.set 0 (f64.mul (local.get 0) (f64.const 1.1)))
          (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (local.get 0)))";
    let args = [Value::F64(1.0_f64.to_bits()), Value::I32(2)];
    assert_eq!(Guest::new(text).call("f", &args), [Value::F64((1.1_f64 * 1.1).to_bits())]);
}

/// The results of the function of [`branches_carry_many_values`]: constants, locals, a vector and
/// results of operations, more values than are copied one by one.
const MANY: &str = "(result i32 i32 v128 f64 i32 i32 i64)";

/// Instructions that push these values, and the values.
fn many(first: i32, second: i32, vector: u8) -> (String, [Value; 7]) {
    let local = |value: i32| if value == 6 { 1 } else { 0 };
    let (x, y) = (local(first), local(second));
    let code = format!(
        "i32.const 1  local.get {x}  (i8x16.splat (i32.const {vector}))  f64.const 2.5
         local.get {y}  (i32.mul (local.get {x}) (i32.const 3))  (i64.const 0x123456789abcdef)"
    );
    let values = [
        Value::I32(1),
        Value::I32(first),
        Value::V128([vector; 16]),
        Value::F64(2.5_f64.to_bits()),
        Value::I32(second),
        Value::I32(first * 3),
        Value::I64(0x0123_4567_89ab_cdef),
    ];
    (code, values)
}

#[test]
fn branches_carry_many_values() {
    let ((taken, carried), (fallen, others)) = (many(5, 6, 7), many(6, 0, 9));
    let drop = "drop ".repeat(7);
    for way in [
        // In place, above others, out of the function, by a table, twice the same values.
        format!("(block {MANY} {taken} (br_if 0 (local.get 0)) {drop} {fallen})"),
        format!("(block {MANY} i64.const 8 {taken} (br_if 0 (local.get 0)) {drop} drop {fallen})"),
        format!("i32.const 7 {taken} (br_if 0 (local.get 0)) {drop} drop {fallen}"),
        format!(
            "(block {MANY} i32.const 9 (block {MANY} {taken}
               (br_table 1 0 (i32.eqz (local.get 0)))) {drop} drop {fallen})"
        ),
        format!(
            "(block {MANY} i64.const 1 {taken} (br_if 0 (local.get 0))
               (local.set 0 (i32.const 1)) (br_if 0 (i32.eqz (local.get 0))) {drop} drop
               (local.set 0 (i32.const 0)) {fallen})"
        ),
        format!("(if {MANY} (local.get 0) (then i64.const 1 {taken} br 0) (else {fallen}))"),
        format!("(if (local.get 0) (then i64.const 1 {taken} return)) {fallen}"),
    ] {
        let text = format!("(module (func (export \"f\") (param i32 i32) {MANY} {way}))");
        let mut guest = Guest::new(&text);
        assert_eq!(guest.call("f", &[Value::I32(5), Value::I32(6)]), carried, "{way}");
        assert_eq!(guest.call("f", &[Value::I32(0), Value::I32(6)]), others, "{way}");
    }
}

/// A branch back that carries many values, each one place further.
#[test]
fn loops_take_many_parameters() {
    let text = r#"(module (func (export "f") (param i32) (result i32 i32 i32 i32 i32 i32) (local i32)
        i32.const 1 i32.const 2 i32.const 3 i32.const 4 i32.const 5 i32.const 6
        (loop (param i32 i32 i32 i32 i32 i32) (result i32 i32 i32 i32 i32 i32)
          local.set 1
          i32.const 9  local.get 1  i32.add
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let found = Guest::new(text).call("f", &[Value::I32(3)]);
    assert_eq!(found, [1, 2, 3, 4, 5, 33].map(Value::I32));
}
