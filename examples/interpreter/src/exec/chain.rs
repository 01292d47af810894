//! Tests that operations that call one another do not use up the host's stack: each is run many
//! times in a row on a small stack. An operation that uses stack overflows it, which ends the test
//! process; `--nocapture` shows which one it was.

use core::cell::Cell;
use core::sync::atomic::AtomicBool;

use wrt_platform::HeapAllocator;
use wrt_runtime::{IndexType, LinearMemory, MemoryType};

use super::link::handler;
use super::machine::{Context, Exit, Instr, WINDOW, run};
use crate::ir::{
    Addressing, BinOp, CmpOp, Code, Control, FloatOp, Form, FuseForm, FuseOp, Op, TryBinOp,
    TryUnOp, UnOp,
};
use crate::memory_ops::{LaneLoadOp, LaneStoreOp, LoadOp, StoreOp};
use crate::store::{FuncInst, Table};
use crate::trap::TrapKind;
use crate::types::{TableType, ValType};

type Memory = LinearMemory<HeapAllocator>;

/// Number of runs of an operation: with 16 bytes each, more than [`HOST_STACK`]. Where operations
/// do not call one another, a few are enough.
const COUNT: usize = if cfg!(wrt_tail_dispatch) { 20_000 } else { 100 };
const HOST_STACK: usize = 128 << 10;

const FUSE_FORMS: [FuseForm; 6] =
    [FuseForm::Rr, FuseForm::Ir, FuseForm::Ri, FuseForm::Ii, FuseForm::Rev, FuseForm::RevIr];
const ADDRESSING: [Addressing; 7] = [
    Addressing::Near,
    Addressing::Sum,
    Addressing::Added,
    Addressing::Index,
    Addressing::SumIndex,
    Addressing::At,
    Addressing::Far,
];
const CONTROL: [Control; 20] = [
    Control::Charge,
    Control::ChargeCount,
    Control::Br,
    Control::BrTable,
    Control::Zero,
    Control::Return,
    Control::ReturnOne,
    Control::ReturnImm,
    Control::Call,
    Control::TailCall,
    Control::Copy,
    Control::CopyTwo,
    Control::CopySpan,
    Control::Const,
    Control::ConstSigned,
    Control::ConstLong,
    Control::Select,
    Control::GlobalGet,
    Control::GlobalSet,
    Control::MemorySize,
];

fn numeric_codes() -> Vec<Code> {
    let mut codes = Vec::new();
    for op in BinOp::ALL {
        codes.extend([Form::Rr, Form::Ri, Form::Ir].map(|form| Code::Bin(*op, form)));
    }
    for op in TryBinOp::ALL {
        codes.extend([Form::Rr, Form::Ri].map(|form| Code::TryBin(*op, form)));
    }
    for op in CmpOp::ALL {
        codes.push(Code::BrMask(*op));
        codes.push(Code::BrUnless(*op, Form::Rr));
        for form in [Form::Rr, Form::Ri] {
            codes.extend([Code::Cmp(*op, form), Code::BrIf(*op, form), Code::BrStep(*op, form)]);
            codes.push(Code::SelectIf(*op, form));
        }
    }
    codes.extend(UnOp::ALL.iter().copied().map(Code::Un));
    codes.extend(TryUnOp::ALL.iter().copied().map(Code::TryUn));
    codes
}

fn fused_codes() -> Vec<Code> {
    let mut codes = Vec::new();
    for inner in FuseOp::ALL {
        for outer in FuseOp::ALL {
            codes.extend(FUSE_FORMS.map(|form| Code::Fuse(*inner, *outer, form)));
        }
    }
    for inner in FloatOp::ALL {
        for outer in FloatOp::ALL {
            let forms = [FuseForm::Rr, FuseForm::Rev];
            codes.extend(forms.map(|form| Code::FuseFloat(*inner, *outer, form)));
        }
    }
    codes
}

fn memory_codes() -> Vec<Code> {
    let mut codes = Vec::new();
    for op in LoadOp::ALL {
        codes.extend(ADDRESSING.map(|form| Code::Load(*op, form)));
    }
    for op in StoreOp::ALL {
        codes.push(Code::StoreImm(*op));
        codes.extend(ADDRESSING.map(|form| Code::Store(*op, form)));
    }
    codes.extend(LaneLoadOp::ALL.iter().copied().map(Code::LaneLoad));
    codes.extend(LaneStoreOp::ALL.iter().copied().map(Code::LaneStore));
    codes.extend([Control::MemoryCopy, Control::MemoryFill].map(Code::Control));
    codes
}

/// The operation as number `index` of its row, built to continue with a later one.
fn op(code: Code, index: usize) -> Op {
    let next = index as u32 + 1;
    match code {
        Code::Control(Control::Call | Control::TailCall) => Op::new(code, 0, 1, next),
        Code::Control(Control::Br | Control::BrTable)
        | Code::BrIf(..)
        | Code::BrUnless(..)
        | Code::BrStep(..)
        | Code::BrMask(_) => Op::new(code, 2, 1, next),
        Code::Load(_, Addressing::Far) | Code::Store(_, Addressing::Far) => Op::new(code, 2, 1, 0),
        Code::LaneLoad(_) | Code::LaneStore(_) => Op::new(code, 2, 1, 0),
        Code::Control(Control::GlobalGet | Control::GlobalSet) => Op::new(code, 2, 1, 0),
        _ => Op::new(code, 2, 1, 1),
    }
}

fn link(ops: impl Iterator<Item = Op>) -> Vec<Instr<Memory>> {
    let end = Op::control(Control::Unreachable, 0, 0, 0);
    let link = |op: Op| Instr { handler: handler(op.code), a: op.a, b: op.b, imm: op.imm };
    ops.chain([end]).map(link).collect()
}

/// Runs a program in which the slot with this number holds `slot(number)`, and which returns to
/// one operation after the other.
fn execute(code: &[Instr<Memory>], slot: impl Fn(u64) -> u64) -> (Exit, Option<TrapKind>, usize) {
    let mut stack: Vec<u64> = (0..2 * WINDOW as u64).map(slot).collect();
    let mut frames: Vec<u64> = (0..COUNT as u64).map(|back| (COUNT as u64 - back) << 32).collect();
    frames.resize(2 * COUNT + 1, 0);
    let ty = MemoryType::new(IndexType::I32, Default::default(), 4, None).unwrap();
    let mut memory = Memory::new(HeapAllocator::new(), ty).unwrap();
    let func = |entry| FuncInst { ty: 1, instance: 0, entry };
    let funcs: Vec<_> = (0..COUNT as u32).map(|i| func(2 * (i + 1))).collect();
    let ty =
        TableType { element: ValType::FuncRef, index: IndexType::I32, minimum: 0, maximum: None };
    let table = Table { ty, elements: (1..=COUNT as u64).collect() };
    let (mut globals, interrupted) = ([0], AtomicBool::new(false));
    let mut context = Context {
        code,
        stack: Cell::from_mut(stack.as_mut_slice()).as_slice_of_cells(),
        frames: Cell::from_mut(frames.as_mut_slice()).as_slice_of_cells(),
        globals: Cell::from_mut(globals.as_mut_slice()).as_slice_of_cells(),
        tables: &[table],
        funcs: &funcs,
        memories: (&mut [], &mut []),
        instance: 0,
        depth: COUNT,
        base: 0,
        pc: 0,
        trap: None,
        callee: (0, 0),
        fuel: u64::MAX,
        interrupted: &interrupted,
    };
    let exit = run(&mut context, Some(&mut memory), 0);
    (exit, context.trap, context.pc)
}

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(HOST_STACK).spawn(test).unwrap();
    thread.join().unwrap();
}

fn chain(codes: Vec<Code>) {
    on_a_small_stack(move || {
        for code in codes {
            println!("{code:?}");
            let program = link((0..COUNT).map(|index| op(code, index)));
            let (exit, trap, pc) = execute(&program, |_| 1);
            // Operations that read what follows them may read the end, too.
            let ended = exit == Exit::Return || (trap, pc) == (Some(TrapKind::Unreachable), COUNT);
            assert!(ended, "{code:?}: {exit:?} {trap:?} at {pc}");
        }
    });
}

#[test]
fn arithmetic_leaves_the_stack_alone() {
    chain(numeric_codes());
}

#[test]
fn fused_arithmetic_leaves_the_stack_alone() {
    chain(fused_codes());
}

#[test]
fn memory_access_leaves_the_stack_alone() {
    chain(memory_codes());
}

#[test]
fn control_flow_leaves_the_stack_alone() {
    chain(CONTROL.map(Code::Control).to_vec());
}

#[test]
fn indirect_calls_leave_the_stack_alone() {
    on_a_small_stack(|| {
        for (control, data) in [(Control::CallIndirect, 0), (Control::TailCallIndirect, 1 << 32)] {
            let pair = |index: usize| [Op::control(control, 0, index as u16, 1), Op::data(data)];
            let program = link((0..COUNT).flat_map(pair));
            let (_, trap, pc) = execute(&program, |slot| slot);
            let expected = (Some(TrapKind::Unreachable), 2 * COUNT);
            assert_eq!((trap, pc), expected, "{control:?}");
        }
    });
}
