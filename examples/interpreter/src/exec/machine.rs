//! The inner loop: linked operations, their frame, and their dispatch.
//!
//! A module's [`Op`](crate::ir::Op)s are linked into [`Instr`]s when it is instantiated: each holds
//! the function that executes it. Such a function reads its operands, does its work and calls the
//! function of the next operation as the last thing it does, which an optimizing compiler turns
//! into a jump: operands, code and memory stay in registers from operation to operation, and every
//! operation has an indirect branch of its own for the processor to predict. Where that is not
//! guaranteed (see `build.rs`), the function returns [`Exit::Next`] and [`run`] calls the next one.
//!
//! Slots need no bounds checks: a frame is a window of exactly 65,536 slots, and a slot's number
//! has 16 bits. The window is looked up at calls and returns only. Slots are [`Cell`]s, so that
//! the stack and the current window can be shared.

use core::cell::Cell;
use core::hint::black_box;
use core::sync::atomic::AtomicBool;

use wrt_runtime::{GuestMemory, Trap};

use crate::store::{FuncInst, Table};
use crate::trap::TrapKind;

/// Slots in a window: as many as a `u16` can name.
pub(crate) const WINDOW: usize = 1 << 16;

/// The saved state of a caller: where it continues (upper half) and where its window starts.
pub(crate) type Frame = u64;

/// The frame below the first one of a run. No code has an operation at its return address.
pub(crate) const BOUNDARY: Frame = u64::MAX;

/// The slots of the current function.
pub(crate) type Regs = [Cell<u64>; WINDOW];

/// The operations from the next one on.
pub(crate) type Rest<'a, M> = core::slice::Iter<'a, Instr<M>>;

/// Executes one operation and those that follow it.
pub(crate) type Handler<M> =
    for<'a> fn(&mut Context<'a, M>, &'a Regs, &'a Instr<M>, Rest<'a, M>, Option<&mut M>) -> Exit;

/// One linked operation.
pub(crate) struct Instr<M> {
    pub(crate) handler: Handler<M>,
    pub(crate) a: u16,
    pub(crate) b: u16,
    pub(crate) imm: u32,
}

impl<M> Clone for Instr<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Instr<M> {}

impl<M> Instr<M> {
    #[inline(always)]
    pub(crate) fn c(&self) -> u16 {
        self.imm as u16
    }

    #[inline(always)]
    pub(crate) fn d(&self) -> u16 {
        (self.imm >> 16) as u16
    }

    /// The 64 bits that `Op::data` packed.
    #[inline(always)]
    pub(crate) fn bits(&self) -> u64 {
        u64::from(self.a) | u64::from(self.b) << 16 | u64::from(self.imm) << 32
    }
}

/// Reason for leaving the inner loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// To execute the next operation; only where operations do not call each other.
    #[cfg(not(wrt_tail_dispatch))]
    Next,
    /// The function at the bottom returned.
    Return,
    /// The operation trapped.
    Trap,
    /// The next operations cost more fuel than is left.
    OutOfFuel,
    /// The program was interrupted.
    Interrupted,
    /// The operation is not for the inner loop.
    Outside,
    /// A function of the host or of another instance must be called.
    Call,
}

/// State of the inner loop besides its arguments.
pub(crate) struct Context<'a, M> {
    /// All code of the instance.
    pub(crate) code: &'a [Instr<M>],
    pub(crate) stack: &'a [Cell<u64>],
    pub(crate) frames: &'a [Cell<Frame>],
    pub(crate) globals: &'a [Cell<u64>],
    pub(crate) tables: &'a [Table],
    pub(crate) funcs: &'a [FuncInst],
    /// The memories before and after the one that the inner loop has as an argument.
    pub(crate) memories: (&'a mut [M], &'a mut [M]),
    pub(crate) instance: u32,
    /// Number of frames.
    pub(crate) depth: usize,
    /// Start of the current window.
    pub(crate) base: usize,
    /// On leaving: the operation that left (on [`Exit::Call`]: the one to go on with).
    pub(crate) pc: usize,
    pub(crate) trap: Option<TrapKind>,
    /// On [`Exit::Call`]: the function's address and where its frame starts.
    pub(crate) callee: (u32, u16),
    /// Fuel that is left.
    pub(crate) fuel: u64,
    pub(crate) interrupted: &'a AtomicBool,
}

/// The slot's content.
#[inline(always)]
pub(crate) fn get(regs: &Regs, slot: u16) -> u64 {
    regs[usize::from(slot)].get()
}

/// Sets a slot.
#[inline(always)]
pub(crate) fn set(regs: &Regs, slot: u16, bits: u64) {
    regs[usize::from(slot)].set(bits);
}

/// The window that starts at `base`, if the stack reaches that far.
#[inline(always)]
pub(crate) fn window(stack: &[Cell<u64>], base: usize) -> Option<&Regs> {
    stack.get(base..base.wrapping_add(WINDOW))?.first_chunk()
}

/// Defines functions that execute an operation; `a` to `d` of the operation are in `$op`.
macro_rules! handlers {
    ($($(#[$meta:meta])* fn $name:ident $(<$($row:ident: $bound:path),*>)? ($context:ident, $regs:ident, $op:ident, $rest:ident, $memory:ident) $body:block)*) => {
        $($(#[$meta])*
        pub(crate) fn $name<'a, $($($row: $bound,)*)? M: wrt_runtime::GuestMemory>(
            $context: &mut $crate::exec::machine::Context<'a, M>,
            $regs: &'a $crate::exec::machine::Regs,
            $op: &'a $crate::exec::machine::Instr<M>,
            #[allow(unused_mut, reason = "some operations only read")] mut $rest: $crate::exec::machine::Rest<'a, M>,
            #[allow(unused_mut, reason = "some operations only read")] mut $memory: Option<&mut M>,
        ) -> $crate::exec::machine::Exit $body)*
    };
}

/// Continues with the next operation of `$rest`.
#[cfg(wrt_tail_dispatch)]
macro_rules! next {
    ($context:ident, $regs:ident, $rest:ident, $memory:ident) => {{
        match $rest.next() {
            Some(op) => (op.handler)($context, $regs, op, $rest, $memory),
            None => $crate::exec::machine::leave_end($context),
        }
    }};
}

/// Continues with the next operation of `$rest`.
#[cfg(not(wrt_tail_dispatch))]
macro_rules! next {
    ($context:ident, $regs:ident, $rest:ident, $memory:ident) => {{
        let _ = ($regs, $memory);
        $context.pc = $context.code.len() - $rest.len();
        $crate::exec::machine::Exit::Next
    }};
}

/// Continues with `$op`, which is number `$target` and followed by `$rest`.
#[cfg(wrt_tail_dispatch)]
macro_rules! go {
    ($context:ident, $regs:ident, $target:expr, $op:ident, $rest:ident, $memory:ident) => {
        ($op.handler)($context, $regs, $op, $rest, $memory)
    };
}

/// Continues with `$op`, which is number `$target` and followed by `$rest`.
#[cfg(not(wrt_tail_dispatch))]
macro_rules! go {
    ($context:ident, $regs:ident, $target:expr, $op:ident, $rest:ident, $memory:ident) => {{
        let _ = ($regs, $op, $rest, $memory);
        $context.pc = $target;
        $crate::exec::machine::Exit::Next
    }};
}

/// Continues with the operation numbered `$target`.
macro_rules! jump {
    ($context:ident, $regs:ident, $target:expr, $memory:ident) => {{
        let target = $target as usize;
        match $context.code.get(target) {
            Some(op) => {
                let rest = $context.code[target + 1..].iter();
                $crate::exec::machine::go!($context, $regs, target, op, rest, $memory)
            }
            None => $crate::exec::machine::leave_end($context),
        }
    }};
}

pub(crate) use {go, handlers, jump, next};

/// The operation before the next one.
fn current<M>(context: &Context<'_, M>, rest: &Rest<'_, M>) -> usize {
    context.code.len().wrapping_sub(rest.len()).wrapping_sub(1)
}

// The results of these go through `black_box` because a result known at compile time would be
// materialized after the call: the call would then not be in tail position and every operation
// that may trap would need a stack frame.

/// Ends the run because the code or the frames ended, which is what returning to
/// [`BOUNDARY`] does.
#[cold]
#[inline(never)]
pub(crate) fn leave_end<M>(_context: &mut Context<'_, M>) -> Exit {
    black_box(Exit::Return)
}

/// Traps.
#[cold]
#[inline(never)]
pub(crate) fn leave_trap<'a, M>(
    context: &mut Context<'a, M>,
    rest: Rest<'a, M>,
    kind: TrapKind,
) -> Exit {
    context.pc = current(context, &rest);
    context.trap = Some(kind);
    black_box(Exit::Trap)
}

/// Traps because a memory did.
#[cold]
#[inline(never)]
pub(crate) fn leave_memory_trap<'a, M>(
    context: &mut Context<'a, M>,
    rest: Rest<'a, M>,
    trap: Trap,
) -> Exit {
    context.pc = current(context, &rest);
    context.trap = Some(TrapKind::Memory(trap));
    black_box(Exit::Trap)
}

/// Stops the program.
#[cold]
#[inline(never)]
pub(crate) fn leave_stop<'a, M>(
    context: &mut Context<'a, M>,
    rest: Rest<'a, M>,
    exit: Exit,
) -> Exit {
    context.pc = current(context, &rest);
    black_box(exit)
}

/// Leaves the operation to the outer loop.
#[cold]
#[inline(never)]
pub(crate) fn leave_outside<'a, M>(context: &mut Context<'a, M>, rest: Rest<'a, M>) -> Exit {
    context.pc = current(context, &rest);
    black_box(Exit::Outside)
}

/// Leaves a call to the outer loop; the caller continues with `rest`.
#[cold]
#[inline(never)]
pub(crate) fn leave_call<'a, M>(
    context: &mut Context<'a, M>,
    rest: Rest<'a, M>,
    callee: (u32, u16),
) -> Exit {
    context.pc = context.code.len().wrapping_sub(rest.len());
    context.callee = callee;
    black_box(Exit::Call)
}

/// Executes from operation `pc` on, in the window that starts at `context.base`.
pub(crate) fn run<M: GuestMemory>(
    context: &mut Context<'_, M>,
    mut memory: Option<&mut M>,
    pc: usize,
) -> Exit {
    context.pc = pc;
    loop {
        let Some(regs) = window(context.stack, context.base) else {
            context.trap = Some(TrapKind::CallStackExhausted);
            return Exit::Trap;
        };
        let Some(code) = context.code.get(context.pc..) else {
            return Exit::Return;
        };
        let mut rest = code.iter();
        let Some(op) = rest.next() else {
            return Exit::Return;
        };
        match (op.handler)(context, regs, op, rest, memory.as_deref_mut()) {
            #[cfg(not(wrt_tail_dispatch))]
            Exit::Next => {}
            exit => return exit,
        }
    }
}
