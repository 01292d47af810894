//! Arithmetic, comparisons and conversions.

use super::machine::{get, handlers, leave_trap, next, set};
use crate::ir::{Bin, Cmp, FromSlot, TryBin, TryUn, Un};

/// A slot as the operand of an operation.
#[inline(always)]
fn read<T: FromSlot>(regs: &super::machine::Regs, slot: u16) -> T {
    T::from_slot(get(regs, slot))
}

/// 16 bits as the operand of an operation, sign-extended.
#[inline(always)]
pub(super) fn short<T: FromSlot>(bits: u16) -> T {
    T::from_imm(i32::from(bits.cast_signed()).cast_unsigned())
}

handlers! {
    fn bin_rr<B: Bin>(context, regs, op, rest, memory) {
        set(regs, op.a, B::eval(read(regs, op.b), read(regs, op.c())));
        next!(context, regs, rest, memory)
    }

    fn bin_ri<B: Bin>(context, regs, op, rest, memory) {
        set(regs, op.a, B::eval(read(regs, op.b), B::Operand::from_imm(op.imm)));
        next!(context, regs, rest, memory)
    }

    fn bin_ir<B: Bin>(context, regs, op, rest, memory) {
        set(regs, op.a, B::eval(B::Operand::from_imm(op.imm), read(regs, op.b)));
        next!(context, regs, rest, memory)
    }

    fn try_bin_rr<B: TryBin>(context, regs, op, rest, memory) {
        match B::eval(read(regs, op.b), read(regs, op.c())) {
            Ok(bits) => set(regs, op.a, bits),
            Err(kind) => return leave_trap(context, rest, kind),
        }
        next!(context, regs, rest, memory)
    }

    fn try_bin_ri<B: TryBin>(context, regs, op, rest, memory) {
        match B::eval(read(regs, op.b), B::Operand::from_imm(op.imm)) {
            Ok(bits) => set(regs, op.a, bits),
            Err(kind) => return leave_trap(context, rest, kind),
        }
        next!(context, regs, rest, memory)
    }

    fn cmp_rr<C: Cmp>(context, regs, op, rest, memory) {
        set(regs, op.a, u64::from(C::test(read(regs, op.b), read(regs, op.c()))));
        next!(context, regs, rest, memory)
    }

    fn cmp_ri<C: Cmp>(context, regs, op, rest, memory) {
        set(regs, op.a, u64::from(C::test(read(regs, op.b), C::Operand::from_imm(op.imm))));
        next!(context, regs, rest, memory)
    }

    fn un<U: Un>(context, regs, op, rest, memory) {
        set(regs, op.a, U::eval(get(regs, op.b)));
        next!(context, regs, rest, memory)
    }

    fn try_un<U: TryUn>(context, regs, op, rest, memory) {
        match U::eval(get(regs, op.b)) {
            Ok(bits) => set(regs, op.a, bits),
            Err(kind) => return leave_trap(context, rest, kind),
        }
        next!(context, regs, rest, memory)
    }

    fn fuse_rr<I: Bin, O: Bin>(context, regs, op, rest, memory) {
        let inner = I::eval(read(regs, op.b), read(regs, op.c()));
        set(regs, op.a, O::eval(FromSlot::from_slot(inner), read(regs, op.d())));
        next!(context, regs, rest, memory)
    }

    fn fuse_ir<I: Bin, O: Bin>(context, regs, op, rest, memory) {
        let inner = I::eval(read(regs, op.b), short(op.c()));
        set(regs, op.a, O::eval(FromSlot::from_slot(inner), read(regs, op.d())));
        next!(context, regs, rest, memory)
    }

    fn fuse_ri<I: Bin, O: Bin>(context, regs, op, rest, memory) {
        let inner = I::eval(read(regs, op.b), read(regs, op.c()));
        set(regs, op.a, O::eval(FromSlot::from_slot(inner), short(op.d())));
        next!(context, regs, rest, memory)
    }

    fn fuse_ii<I: Bin, O: Bin>(context, regs, op, rest, memory) {
        let inner = I::eval(read(regs, op.b), short(op.c()));
        set(regs, op.a, O::eval(FromSlot::from_slot(inner), short(op.d())));
        next!(context, regs, rest, memory)
    }

    fn fuse_rev<I: Bin, O: Bin>(context, regs, op, rest, memory) {
        let inner = I::eval(read(regs, op.b), read(regs, op.c()));
        set(regs, op.a, O::eval(read(regs, op.d()), FromSlot::from_slot(inner)));
        next!(context, regs, rest, memory)
    }

    fn fuse_rev_ir<I: Bin, O: Bin>(context, regs, op, rest, memory) {
        let inner = I::eval(read(regs, op.b), short(op.c()));
        set(regs, op.a, O::eval(read(regs, op.d()), FromSlot::from_slot(inner)));
        next!(context, regs, rest, memory)
    }

    fn select_rr<C: Cmp>(context, regs, op, rest, memory) {
        let Some(values) = rest.next() else {
            return super::machine::leave_end(context);
        };
        let holds = C::test(read(regs, op.c()), read(regs, op.d()));
        let (x, y) = (get(regs, values.a), get(regs, values.b));
        set(regs, op.a, if holds { x } else { y });
        next!(context, regs, rest, memory)
    }

    fn select_ri<C: Cmp>(context, regs, op, rest, memory) {
        let Some(values) = rest.next() else {
            return super::machine::leave_end(context);
        };
        let holds = C::test(read(regs, op.c()), short(op.d()));
        let (x, y) = (get(regs, values.a), get(regs, values.b));
        set(regs, op.a, if holds { x } else { y });
        next!(context, regs, rest, memory)
    }
}
