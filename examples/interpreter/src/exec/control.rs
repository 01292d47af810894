//! Branches, calls and moves.

use core::sync::atomic::Ordering;

use super::machine::{
    BOUNDARY, Context, Exit, WINDOW, get, handlers, jump, leave_call, leave_end, leave_outside,
    leave_stop, leave_trap, next, set, window,
};
use super::numeric::short;
use crate::ir::{Cmp, FromSlot};
use crate::trap::TrapKind;

/// The function found by a `call_indirect`.
enum Callee {
    /// A function of this instance, with its first operation.
    Here(u32),
    /// A function of the host or of another instance, with its address.
    Elsewhere(u32),
}

/// The function in element `index` of `table`, which must have type `ty`.
#[inline(always)]
fn element<M>(
    context: &Context<'_, M>,
    table: u64,
    index: u64,
    ty: u32,
) -> Result<Callee, TrapKind> {
    let table = context.tables.get(table as usize).ok_or(TrapKind::UndefinedElement)?;
    let index = usize::try_from(index).map_err(|_| TrapKind::UndefinedElement)?;
    let reference = *table.elements.get(index).ok_or(TrapKind::UndefinedElement)?;
    let address = reference.checked_sub(1).ok_or(TrapKind::UninitializedElement)?;
    let func = context.funcs.get(address as usize).ok_or(TrapKind::UninitializedElement)?;
    if func.ty != ty {
        return Err(TrapKind::IndirectCallTypeMismatch);
    }
    if func.instance == context.instance {
        Ok(Callee::Here(func.entry))
    } else {
        Ok(Callee::Elsewhere(address as u32))
    }
}

/// Calls the function at `$entry`, its frame starting at slot `$base`; the caller goes on with
/// `$rest`.
macro_rules! enter {
    ($context:ident, $rest:ident, $memory:ident, $entry:expr, $base:expr) => {{
        let back = ($context.code.len() - $rest.len()) as u64;
        let base = $context.base + usize::from($base);
        let (Some(frame), Some(regs)) =
            ($context.frames.get($context.depth), window($context.stack, base))
        else {
            return leave_trap($context, $rest, TrapKind::CallStackExhausted);
        };
        frame.set(back << 32 | $context.base as u64);
        $context.depth += 1;
        $context.base = base;
        jump!($context, regs, $entry, $memory)
    }};
}

/// Returns to the caller.
macro_rules! leave {
    ($context:ident, $memory:ident) => {{
        let depth = $context.depth.wrapping_sub(1);
        let Some(frame) = $context.frames.get(depth) else {
            return leave_end($context);
        };
        let frame = frame.get();
        $context.depth = depth;
        let base = frame as u32 as usize;
        let Some(regs) = window($context.stack, base) else {
            return leave_end($context);
        };
        $context.base = base;
        jump!($context, regs, frame >> 32, $memory)
    }};
}

handlers! {
    /// Not an operation, but the payload of another one.
    fn data(context, _regs, _op, _rest, _memory) {
        leave_end(context)
    }

    fn unreachable(context, _regs, _op, rest, _memory) {
        leave_trap(context, rest, TrapKind::Unreachable)
    }

    fn charge(context, regs, op, rest, memory) {
        let Some(left) = context.fuel.checked_sub(u64::from(op.imm)) else {
            return leave_stop(context, rest, Exit::OutOfFuel);
        };
        if context.interrupted.load(Ordering::Relaxed) {
            return leave_stop(context, rest, Exit::Interrupted);
        }
        context.fuel = left;
        next!(context, regs, rest, memory)
    }

    fn charge_count(context, regs, op, rest, memory) {
        let Some(left) = context.fuel.checked_sub(get(regs, op.a) >> (op.imm & 63)) else {
            return leave_stop(context, rest, Exit::OutOfFuel);
        };
        context.fuel = left;
        next!(context, regs, rest, memory)
    }

    fn br(context, regs, op, _rest, memory) {
        jump!(context, regs, op.imm, memory)
    }

    fn br_if_rr<C: Cmp>(context, regs, op, rest, memory) {
        let (x, y) = (C::Operand::from_slot(get(regs, op.a)), C::Operand::from_slot(get(regs, op.b)));
        if C::test(x, y) {
            return jump!(context, regs, op.imm, memory);
        }
        next!(context, regs, rest, memory)
    }

    fn br_if_ri<C: Cmp>(context, regs, op, rest, memory) {
        if C::test(C::Operand::from_slot(get(regs, op.a)), short(op.b)) {
            return jump!(context, regs, op.imm, memory);
        }
        next!(context, regs, rest, memory)
    }

    fn br_unless_rr<C: Cmp>(context, regs, op, rest, memory) {
        let (x, y) = (C::Operand::from_slot(get(regs, op.a)), C::Operand::from_slot(get(regs, op.b)));
        if !C::test(x, y) {
            return jump!(context, regs, op.imm, memory);
        }
        next!(context, regs, rest, memory)
    }

    fn br_step_rr<C: Cmp>(context, regs, op, rest, memory) {
        let bits = C::Operand::stepped(get(regs, op.a), (op.imm >> 24) as i8);
        set(regs, op.a, bits);
        if C::test(C::Operand::from_slot(bits), C::Operand::from_slot(get(regs, op.b))) {
            return jump!(context, regs, op.imm & 0xFF_FFFF, memory);
        }
        next!(context, regs, rest, memory)
    }

    fn br_step_ri<C: Cmp>(context, regs, op, rest, memory) {
        let bits = C::Operand::stepped(get(regs, op.a), (op.imm >> 24) as i8);
        set(regs, op.a, bits);
        if C::test(C::Operand::from_slot(bits), short(op.b)) {
            return jump!(context, regs, op.imm & 0xFF_FFFF, memory);
        }
        next!(context, regs, rest, memory)
    }

    fn br_mask<C: Cmp>(context, regs, op, rest, memory) {
        let masked = get(regs, op.a) & u64::from(op.b as u8);
        if C::test(C::Operand::from_slot(masked), C::Operand::from_imm(u32::from(op.b >> 8))) {
            return jump!(context, regs, op.imm, memory);
        }
        next!(context, regs, rest, memory)
    }

    fn br_table(context, regs, op, rest, memory) {
        let index = (get(regs, op.a) as u32).wrapping_add(short(op.b)).min(op.imm);
        let Some(target) = rest.nth(index as usize) else {
            return leave_end(context);
        };
        jump!(context, regs, target.imm, memory)
    }

    fn zero(context, regs, op, rest, memory) {
        let first = usize::from(op.a);
        if let Some(slots) = regs.get(first..first + usize::from(op.b)) {
            for slot in slots {
                slot.set(0);
            }
        }
        next!(context, regs, rest, memory)
    }

    fn ret(context, _regs, _op, _rest, memory) {
        leave!(context, memory)
    }

    fn ret_one(context, regs, op, _rest, memory) {
        set(regs, 0, get(regs, op.b));
        leave!(context, memory)
    }

    fn ret_imm(context, regs, op, _rest, memory) {
        set(regs, 0, u64::from(op.imm));
        leave!(context, memory)
    }

    fn call(context, _regs, op, rest, memory) {
        enter!(context, rest, memory, op.imm, op.a)
    }

    fn call_far(context, _regs, op, rest, _memory) {
        leave_call(context, rest, (op.imm, op.a))
    }

    fn call_indirect(context, regs, op, rest, memory) {
        let Some(table) = rest.next() else {
            return leave_end(context);
        };
        match element(context, table.bits(), get(regs, op.b), op.imm) {
            Ok(Callee::Here(entry)) => enter!(context, rest, memory, entry, op.a),
            Ok(Callee::Elsewhere(address)) => leave_call(context, rest, (address, op.a)),
            Err(kind) => leave_trap(context, rest, kind),
        }
    }

    fn tail_call(context, regs, op, _rest, memory) {
        shift_down(regs, op.a, op.b);
        jump!(context, regs, op.imm, memory)
    }

    fn tail_call_indirect(context, regs, op, rest, memory) {
        let Some(data) = rest.next() else {
            return leave_end(context);
        };
        // The table's address, and above it the number of argument slots.
        let (table, slots) = (data.bits() & 0xFFFF_FFFF, (data.bits() >> 32) as u16);
        match element(context, table, get(regs, op.b), op.imm) {
            Ok(Callee::Here(entry)) => {
                shift_down(regs, op.a, slots);
                jump!(context, regs, entry, memory)
            }
            // What follows returns the results, as after any other call.
            Ok(Callee::Elsewhere(address)) => leave_call(context, rest, (address, op.a)),
            Err(kind) => leave_trap(context, rest, kind),
        }
    }

    fn copy(context, regs, op, rest, memory) {
        set(regs, op.a, get(regs, op.b));
        next!(context, regs, rest, memory)
    }

    fn copy_two(context, regs, op, rest, memory) {
        set(regs, op.a, get(regs, op.b));
        set(regs, op.c(), get(regs, op.d()));
        next!(context, regs, rest, memory)
    }

    fn copy_span(context, regs, op, rest, memory) {
        copy_slots(regs, op.a, op.b, op.imm);
        next!(context, regs, rest, memory)
    }

    fn constant(context, regs, op, rest, memory) {
        set(regs, op.a, u64::from(op.imm));
        next!(context, regs, rest, memory)
    }

    fn constant_signed(context, regs, op, rest, memory) {
        set(regs, op.a, i64::from(op.imm.cast_signed()).cast_unsigned());
        next!(context, regs, rest, memory)
    }

    fn constant_long(context, regs, op, rest, memory) {
        let Some(data) = rest.next() else {
            return leave_end(context);
        };
        set(regs, op.a, data.bits());
        next!(context, regs, rest, memory)
    }

    fn select(context, regs, op, rest, memory) {
        let (x, y) = (get(regs, op.c()), get(regs, op.d()));
        set(regs, op.a, if get(regs, op.b) as u32 != 0 { x } else { y });
        next!(context, regs, rest, memory)
    }

    fn global_get(context, regs, op, rest, memory) {
        let Some(global) = context.globals.get(op.imm as usize) else {
            return leave_end(context);
        };
        set(regs, op.a, global.get());
        next!(context, regs, rest, memory)
    }

    fn global_set(context, regs, op, rest, memory) {
        let Some(global) = context.globals.get(op.imm as usize) else {
            return leave_end(context);
        };
        global.set(get(regs, op.b));
        next!(context, regs, rest, memory)
    }

    fn outside(context, _regs, _op, rest, _memory) {
        leave_outside(context, rest)
    }
}

/// Moves the arguments of a tail call to the current frame's parameters.
fn shift_down(regs: &super::machine::Regs, from: u16, slots: u16) {
    copy_slots(regs, 0, from, u32::from(slots));
}

/// Copies slots as if through a buffer.
fn copy_slots(regs: &super::machine::Regs, to: u16, from: u16, slots: u32) {
    let slots = slots.min(WINDOW as u32) as u16;
    let copy = |i: u16| set(regs, to.wrapping_add(i), get(regs, from.wrapping_add(i)));
    if to <= from {
        (0..slots).for_each(copy);
    } else {
        (0..slots).rev().for_each(copy);
    }
}

const _: () = assert!(BOUNDARY >> 32 == u32::MAX as u64, "no code is that long");
