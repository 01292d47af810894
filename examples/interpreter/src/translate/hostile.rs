//! Hostile modules, built to cost more than their size: their code, and the work of translation,
//! stay proportional.

use super::effort;
use crate::error::LoadError;
use crate::features::Features;
use crate::module::Module;

/// The most operations for a byte.
const OPS_A_BYTE: usize = 4;
/// The most steps for a byte.
const STEPS_A_BYTE: u64 = 8;

const I32: u8 = 0x7f;
const NO_VALUES: (usize, usize) = (0, 0);
const END: u8 = 0x0b;
const DROP: u8 = 0x1a;
const LOCAL_GET: [u8; 2] = [0x20, 0];
const CONST: [u8; 2] = [0x41, 0];
const BR_IF: u8 = 0x0d;
const UNREACHABLE: u8 = 0x00;

/// A number in the binary format.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn section(id: u8, items: &[Vec<u8>]) -> Vec<u8> {
    let contents = [leb(items.len()), items.concat()].concat();
    [vec![id], leb(contents.len()), contents].concat()
}

/// A function type with this number of `i32` parameters and results.
fn func_type((params, results): (usize, usize)) -> Vec<u8> {
    let list = |count: usize| [leb(count), vec![I32; count]].concat();
    [vec![0x60], list(params), list(results)].concat()
}

/// A module with these types; every function has type 0, `locals` locals and a body of its own.
fn module(types: &[(usize, usize)], locals: usize, bodies: &[Vec<u8>]) -> Vec<u8> {
    let types: Vec<_> = types.iter().copied().map(func_type).collect();
    let funcs = vec![leb(0); bodies.len()];
    let bodies: Vec<_> = bodies
        .iter()
        .map(|body| {
            let body = [vec![1], leb(locals), vec![I32], body.clone(), vec![END]].concat();
            [leb(body.len()), body].concat()
        })
        .collect();
    let sections = [section(1, &types), section(3, &funcs), section(10, &bodies)];
    [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
}

/// Loads a module and checks its cost.
fn in_proportion(bytes: &[u8]) {
    let before = effort::steps();
    let module = Module::new(bytes, &Features::ALL).unwrap();
    let (ops, steps) = (module.parts.code.ops.len(), effort::steps() - before);
    assert!(ops <= OPS_A_BYTE * bytes.len(), "{ops} operations of {} bytes", bytes.len());
    let limit = STEPS_A_BYTE * bytes.len() as u64;
    assert!(steps <= limit, "{steps} steps for {} bytes", bytes.len());
}

/// A block of type 1 with this in it.
fn block(inside: &[u8]) -> Vec<u8> {
    [&[0x02, 1], inside, &[END]].concat()
}

/// Branches that are taken or not, to this depth.
fn branches(count: usize, depth: u8) -> Vec<u8> {
    [&LOCAL_GET[..], &[BR_IF, depth]].concat().repeat(count)
}

#[test]
fn branches_that_carry_many_values_are_short() {
    // In place, below their place, and out of the function.
    let values = CONST.repeat(1000);
    let in_place = [block(&[values.clone(), branches(2000, 0)].concat()), vec![DROP; 1000]];
    in_proportion(&module(&[NO_VALUES, (0, 1000)], 1, &[in_place.concat()]));
    let below = [CONST.to_vec(), values.clone(), branches(2000, 0), vec![UNREACHABLE]].concat();
    in_proportion(&module(
        &[NO_VALUES, (0, 1000)],
        1,
        &[[block(&below), vec![DROP; 1000]].concat()],
    ));
    let locals = [CONST.to_vec(), LOCAL_GET.repeat(1000), branches(2000, 0), vec![UNREACHABLE]];
    in_proportion(&module(&[(0, 1000)], 1, &[locals.concat()]));
}

#[test]
fn arms_that_branch_with_many_values_are_short() {
    // (if (param i32 ...) (result i32 ...) (then br 1)), again and again: what they carry was put
    // on the stack once.
    let arm = [&LOCAL_GET[..], &[0x04, 2, 0x0c, 1, END]].concat();
    let body = [CONST.repeat(1001), arm.repeat(500), vec![UNREACHABLE]].concat();
    let body = [block(&body), vec![DROP; 1000]].concat();
    let bytes = module(&[NO_VALUES, (0, 1000), (1000, 1000)], 1, &[body]);
    let ops = Module::new(&bytes, &Features::ALL).unwrap().parts.code.ops.len();
    assert!(ops <= OPS_A_BYTE * bytes.len(), "{ops} operations of {} bytes", bytes.len());
}

#[test]
fn tables_of_branches_that_carry_many_values_are_short() {
    // Every target another label, each of which needs the values elsewhere.
    let depth = 500;
    let targets: Vec<u8> = (0..depth).flat_map(leb).collect();
    let table = [CONST.repeat(1001), LOCAL_GET.to_vec(), vec![0x0e], leb(depth - 1), targets];
    let mut body = table.concat();
    for _ in 0..depth {
        body = [&[0x02, 1], &body[..], &[END]].concat();
    }
    body.extend([DROP; 1000]);
    in_proportion(&module(&[NO_VALUES, (0, 1000)], 1, &[body]));
}

#[test]
fn blocks_above_many_operands_cost_nothing() {
    let empty = [0x02, 0x40, END].repeat(330_000);
    let body = [CONST.repeat(60_000), empty, vec![UNREACHABLE]].concat();
    in_proportion(&module(&[NO_VALUES], 1, &[body]));
    // With an operand on top that the block must settle.
    let above = [&LOCAL_GET[..], &[0x02, 0x40, END, DROP]].concat().repeat(100_000);
    let body = [CONST.repeat(60_000), above, vec![UNREACHABLE]].concat();
    in_proportion(&module(&[NO_VALUES], 1, &[body]));
}

#[test]
fn locals_below_many_operands_cost_nothing() {
    // (local.set 1 ...) while one operand still means local 1 and many mean local 0.
    let set = [0x20, 1, 0x41, 0, 0x21, 1, DROP].repeat(100_000);
    let body = [LOCAL_GET.repeat(60_000), set, vec![UNREACHABLE]].concat();
    in_proportion(&module(&[NO_VALUES], 2, &[body]));
}

#[test]
fn locals_that_nobody_accesses_cost_nothing() {
    let bodies = vec![Vec::new(); 1000];
    in_proportion(&module(&[NO_VALUES], 50_000, &bodies));
    let bodies = vec![[&LOCAL_GET[..], &[DROP]].concat(); 1000];
    in_proportion(&module(&[NO_VALUES], 50_000, &bodies));
}

#[test]
fn operands_beyond_a_window_are_refused_at_once() {
    // A call of the function itself, which leaves 1,000 results, whether it is reached or not.
    for start in [Vec::new(), vec![UNREACHABLE]] {
        let body = [start, [0x10, 0].repeat(200_000), vec![UNREACHABLE]].concat();
        let refused = Module::new(&module(&[(0, 1000)], 1, &[body]), &Features::ALL).unwrap_err();
        let LoadError::Unsupported { what, .. } = refused else {
            panic!("{refused}");
        };
        assert_eq!(what, "a function that needs more than 65536 slots for its locals and operands");
    }
}
