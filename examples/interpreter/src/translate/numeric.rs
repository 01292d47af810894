//! Arithmetic, comparisons, conversions and `select`.

use wasmparser::Operator;

use super::Translator;
use super::operands::{Const, Operand, Place, shorten};
use crate::ir::{
    BinOp, CmpOp, Code, Control, Form, FuseForm, Op, TryBinOp, TryUnOp, UnOp, for_each_bin,
    for_each_cmp, for_each_try_bin, for_each_try_un, for_each_un,
};
use crate::types::ValType;

macro_rules! bin_rows {
    ($($name:ident: $ty:ty => |$x:ident, $y:ident| $value:expr;)*) => {
        fn bin_row(operator: &Operator<'_>) -> Option<BinOp> {
            match operator { $(Operator::$name => Some(BinOp::$name),)* _ => None }
        }
    };
}
for_each_bin!(bin_rows);

macro_rules! try_bin_rows {
    ($($name:ident: $ty:ty => |$x:ident, $y:ident| $value:expr;)*) => {
        fn try_bin_row(operator: &Operator<'_>) -> Option<TryBinOp> {
            match operator { $(Operator::$name => Some(TryBinOp::$name),)* _ => None }
        }
    };
}
for_each_try_bin!(try_bin_rows);

macro_rules! cmp_rows {
    (instructions { $($name:ident: $ty:ty => |$x:ident, $y:ident| $value:expr;)* } $($rest:tt)*) => {
        fn cmp_row(operator: &Operator<'_>) -> Option<CmpOp> {
            match operator { $(Operator::$name => Some(CmpOp::$name),)* _ => None }
        }
    };
}
for_each_cmp!(cmp_rows);

macro_rules! un_rows {
    ($($name:ident: $ty:ty => |$x:ident| $value:expr;)*) => {
        fn un_row(operator: &Operator<'_>) -> Option<UnOp> {
            match operator { $(Operator::$name => Some(UnOp::$name),)* _ => None }
        }
    };
}
for_each_un!(un_rows);

macro_rules! try_un_rows {
    ($($name:ident: $ty:ty => |$x:ident| $value:expr;)*) => {
        fn try_un_row(operator: &Operator<'_>) -> Option<TryUnOp> {
            match operator { $(Operator::$name => Some(TryUnOp::$name),)* _ => None }
        }
    };
}
for_each_try_un!(try_un_rows);

/// A removed comparison, for a branch or a `select` to make.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition {
    pub(super) op: CmpOp,
    pub(super) x: u16,
    pub(super) y: Compared,
    /// Whether the comparison must fail.
    pub(super) negated: bool,
}

/// Operands of a comparison.
#[derive(Clone, Copy, Debug)]
pub(super) enum Compared {
    Slot(u16),
    Short(u16),
    /// A number, after masking.
    Masked(u8, u8),
}

/// A type for single-slot results whose type is never used.
const ANY: ValType = ValType::I64;

impl Translator<'_> {
    pub(super) fn numeric(&mut self, operator: &Operator<'_>) -> bool {
        if let Some(op) = bin_row(operator) {
            self.bin(op);
        } else if let Some(op) = cmp_row(operator) {
            self.cmp(op);
        } else if matches!(operator, Operator::I32WrapI64) {
            self.wrap();
        } else if let Some(op) = un_row(operator) {
            self.un(op);
        } else if let Some(op) = try_bin_row(operator) {
            self.try_bin(op);
        } else if let Some(op) = try_un_row(operator) {
            let operand = self.pop();
            let slot = self.low_slot_of(operand);
            let result = self.push_own(ANY);
            self.emit_fresh(Op::new(Code::TryUn(op), result, slot, 0));
        } else {
            return self.retype(operator);
        }
        true
    }

    /// The instructions that do not change the bits in a slot: an `i32` is kept zero-extended.
    fn retype(&mut self, operator: &Operator<'_>) -> bool {
        let ty = match operator {
            Operator::I64ExtendI32U | Operator::I64ReinterpretF64 => ValType::I64,
            Operator::I32ReinterpretF32 => ValType::I32,
            Operator::F32ReinterpretI32 => ValType::F32,
            Operator::F64ReinterpretI64 => ValType::F64,
            Operator::Select => {
                self.select();
                return true;
            }
            Operator::TypedSelect { .. } => {
                self.select();
                return true;
            }
            _ => return false,
        };
        if ty == ValType::I64 && self.stack.last().is_some_and(|operand| operand.low) {
            self.clear_upper_half();
            return true;
        }
        if let Some(operand) = self.stack.last_mut()
            && let Place::Const(value) = &mut operand.place
        {
            value.ty = ty;
        }
        true
    }

    fn bin(&mut self, op: BinOp) {
        let right = self.pop();
        let left = self.pop();
        let (op, left, right) = arrange(op, left, right);
        let fused = self.fuse(op, left, right);
        if let Some(fused) = fused {
            let result = self.push_own(ANY);
            self.emit_fresh(Op { a: result, ..fused });
            return;
        }
        // Copysign reads its operands as integers, which an immediate `f64` is not.
        let imm = |operand: &Operand| match operand.place {
            Place::Const(value) if op != BinOp::F64Copysign => value.imm(),
            _ => None,
        };
        let (form, b, imm) = if let Some(imm) = imm(&right) {
            (Form::Ri, self.low_slot_of(left), imm)
        } else if let Some(imm) = imm(&left) {
            (Form::Ir, self.low_slot_of(right), imm)
        } else {
            let b = self.low_slot_of(left);
            (Form::Rr, b, u32::from(self.low_slot_of(right)))
        };
        let result = self.push_own(ANY);
        self.emit_fresh(Op::new(Code::Bin(op, form), result, b, imm));
    }

    /// `op(left, right)` fused with the operation that computed one of them; the caller sets its
    /// `a`.
    fn fuse(&mut self, op: BinOp, left: Operand, right: Operand) -> Option<Op> {
        let (inner, other, reversed) = match self.fresh_op(&left) {
            Some(inner) => (inner, right, false),
            None => (self.fresh_op(&right)?, left, !op.commutes()),
        };
        let Code::Bin(inner_op, inner_form) = inner.code else {
            return None;
        };
        let (first_short, c) = match inner_form {
            Form::Rr => (false, inner.c()),
            Form::Ri => (true, shorten(inner.imm)?),
            Form::Ir => return None,
        };
        let (second_short, d) = match other.place {
            Place::Const(value) => (true, value.short()?),
            Place::Own => (false, other.slot),
            Place::Local(local) => (false, self.local_slot(local)),
        };
        let form = match (first_short, second_short, reversed) {
            (false, false, false) => FuseForm::Rr,
            (true, false, false) => FuseForm::Ir,
            (false, true, false) => FuseForm::Ri,
            (true, true, false) => FuseForm::Ii,
            (false, false, true) => FuseForm::Rev,
            (true, false, true) => FuseForm::RevIr,
            (_, true, true) => return None,
        };
        let code = fused_code(inner_op, op, form)?;
        self.take_last();
        Some(Op::wide(code, 0, inner.b, c, d))
    }

    fn try_bin(&mut self, op: TryBinOp) {
        let right = self.pop();
        let left = self.pop();
        let b = self.low_slot_of(left);
        let (form, imm) = match right.place {
            Place::Const(value) if value.imm().is_some() => (Form::Ri, value.imm().unwrap_or(0)),
            _ => (Form::Rr, u32::from(self.low_slot_of(right))),
        };
        let result = self.push_own(ANY);
        self.emit_fresh(Op::new(Code::TryBin(op, form), result, b, imm));
    }

    fn cmp(&mut self, op: CmpOp) {
        let right = self.pop();
        let left = self.pop();
        let (op, left, right) = match left.place {
            Place::Const(_) => (op.mirrored(), right, left),
            _ => (op, left, right),
        };
        // The operand that is higher on the stack may be first here: both keep their own slots.
        let b = self.low_slot_of(left);
        let (form, imm) = match right.place {
            Place::Const(value) if value.imm().is_some() => (Form::Ri, value.imm().unwrap_or(0)),
            _ => (Form::Rr, u32::from(self.low_slot_of(right))),
        };
        let result = self.push_own(ANY);
        self.emit_fresh(Op::new(Code::Cmp(op, form), result, b, imm));
    }

    /// `i32.wrap_i64`: operations on `i32` read only the lower half of a slot, so the upper half is
    /// cleared only before it could be observed.
    fn wrap(&mut self) {
        match self.stack.last_mut().map(|operand| &mut operand.place) {
            Some(Place::Const(value)) => {
                *value = Const { ty: ValType::I32, bits: u64::from(value.bits as u32) }
            }
            _ => self.mark_low(),
        }
    }

    /// Clears the upper half of the operand on top.
    fn clear_upper_half(&mut self) {
        let operand = self.pop();
        let slot = self.low_slot_of(operand);
        let result = self.push_own(ANY);
        self.emit_fresh(Op::new(Code::Un(UnOp::I32WrapI64), result, slot, 0));
    }

    fn un(&mut self, op: UnOp) {
        let operand = self.pop();
        if op == UnOp::I32Eqz
            && let Some(last) = self.fresh_op(&operand)
            && let Code::Cmp(compared, form) = last.code
            && let Some(opposite) = compared.opposite()
        {
            self.take_last();
            let result = self.push_own(ANY);
            self.emit_fresh(Op { code: Code::Cmp(opposite, form), a: result, ..last });
            return;
        }
        let slot = self.low_slot_of(operand);
        let result = self.push_own(ANY);
        self.emit_fresh(Op::new(Code::Un(op), result, slot, 0));
    }

    /// The condition that `operand` is non-zero, for a branch. If the last operation is a
    /// comparison that computed it, that is removed.
    pub(super) fn condition(&mut self, operand: Operand) -> Condition {
        let condition = self.comparison_of(operand);
        self.masked(condition).unwrap_or(condition)
    }

    fn comparison_of(&mut self, operand: Operand) -> Condition {
        if let Some(last) = self.fresh_op(&operand)
            && let Some(condition) = comparison(&last)
        {
            self.take_last();
            return condition;
        }
        let x = self.low_slot_of(operand);
        Condition { op: CmpOp::I32Ne, x, y: Compared::Short(0), negated: false }
    }

    /// A comparison for equality fused with the mask of the last operation, for small numbers; that
    /// operation is removed as well.
    fn masked(&mut self, condition: Condition) -> Option<Condition> {
        let mergeable = self.code.ops.len() > self.barrier;
        let last = self.code.ops.last().copied().filter(|_| mergeable)?;
        let Compared::Short(number) = condition.y else {
            return None;
        };
        let (number, mask) = (u8::try_from(number).ok()?, u8::try_from(last.imm).ok()?);
        let wanted = match condition.op {
            CmpOp::I32Eq | CmpOp::I32Ne => BinOp::I32And,
            CmpOp::I64Eq | CmpOp::I64Ne => BinOp::I64And,
            _ => return None,
        };
        // The masked value must be nobody else's: an operand that was just popped.
        let popped = usize::from(last.a) >= self.top;
        if last.code != Code::Bin(wanted, Form::Ri) || last.a != condition.x || !popped {
            return None;
        }
        self.take_last();
        let y = Compared::Masked(mask, number);
        Some(Condition { x: last.b, y, ..condition })
    }

    fn select(&mut self) {
        let decider = self.pop();
        let condition = self.comparison_of(decider);
        let right = self.pop();
        let left = self.pop();
        if left.wide {
            return self.select_wide(condition, left, right);
        }
        let (x, y) = (self.slot_of(left), self.slot_of(right));
        let result = self.push_own(ANY);
        if let (CmpOp::I32Ne, Compared::Short(0)) = (condition.op, condition.y) {
            let (x, y) = if condition.negated { (y, x) } else { (x, y) };
            self.emit_fresh(Op::wide(Code::Control(Control::Select), result, condition.x, x, y));
            return;
        }
        let (x, y) = if condition.negated { (y, x) } else { (x, y) };
        let (form, d) = match condition.y {
            Compared::Slot(slot) => (Form::Rr, slot),
            Compared::Short(bits) => (Form::Ri, bits),
            // Branches only.
            Compared::Masked(..) => return,
        };
        self.emit(Op::wide(Code::SelectIf(condition.op, form), result, 0, condition.x, d));
        self.emit(Op::data(u64::from(x) | u64::from(y) << 16));
    }

    /// Vectors are selected by a jump over a copy.
    fn select_wide(&mut self, condition: Condition, left: Operand, right: Operand) {
        let result = self.push_own(ValType::V128);
        // Only vectors in their own slots and in locals are wide, so nothing is overwritten.
        self.put(left, result);
        let skip = self.emit_branch(condition);
        self.put(right, result);
        let here = self.bind_here();
        self.patch(skip, here);
    }
}

/// The code of a fused pair, if there is one.
fn fused_code(inner: BinOp, outer: BinOp, form: FuseForm) -> Option<Code> {
    if let (Some(inner), Some(outer)) = (inner.fuse(), outer.fuse()) {
        return Some(Code::Fuse(inner, outer, form));
    }
    match (inner.fuse_float(), outer.fuse_float(), form) {
        (Some(inner), Some(outer), FuseForm::Rr | FuseForm::Rev) => {
            Some(Code::FuseFloat(inner, outer, form))
        }
        _ => None,
    }
}

/// Puts a constant on the right, if the operation allows it.
fn arrange(op: BinOp, left: Operand, right: Operand) -> (BinOp, Operand, Operand) {
    if let (Place::Const(_), true) = (left.place, op.commutes())
        && !matches!(right.place, Place::Const(_))
    {
        return (op, right, left);
    }
    if let (Some(negated), Place::Const(value)) = (op.of_negated(), right.place) {
        let bits = match value.ty {
            ValType::I32 => u64::from((value.bits as u32).wrapping_neg()),
            _ => value.bits.wrapping_neg(),
        };
        let place = Place::Const(Const { ty: value.ty, bits });
        return (negated, left, Operand { place, ..right });
    }
    (op, left, right)
}

/// The comparison of an operation, if a branch can make it.
fn comparison(last: &Op) -> Option<Condition> {
    let (op, x, y) = match last.code {
        Code::Cmp(op, Form::Rr) => (op, last.b, Compared::Slot(last.c())),
        Code::Cmp(op, Form::Ri) if !op.is_float() => {
            (op, last.b, Compared::Short(shorten(last.imm)?))
        }
        Code::Bin(BinOp::I32And, Form::Rr) => (CmpOp::I32Test, last.b, Compared::Slot(last.c())),
        Code::Bin(BinOp::I32And, Form::Ri) => {
            (CmpOp::I32Test, last.b, Compared::Short(shorten(last.imm)?))
        }
        Code::Un(UnOp::I32Eqz) => (CmpOp::I32Eq, last.b, Compared::Short(0)),
        Code::Un(UnOp::I64Eqz) => (CmpOp::I64Eq, last.b, Compared::Short(0)),
        _ => return None,
    };
    Some(Condition { op, x, y, negated: false })
}
