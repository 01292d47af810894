//! Linking of a module's code to an instance: the functions that execute operations.

use wrt_runtime::GuestMemory;

use super::machine::Handler;
use super::{control, memory, numeric};
use crate::ir::{
    Addressing, Bin, BinOp, Cmp, CmpOp, Code, Control, FloatOp, Form, FuseForm, FuseOp, TryBin,
    TryBinOp, TryUnOp, UnOp, bin, cmp, for_each_bin, for_each_cmp, for_each_fuse, for_each_try_bin,
    for_each_try_un, for_each_un, try_bin, try_un, un,
};
use crate::memory_ops::{
    LaneLoadOp, LaneStoreOp, LoadOp, LoadRow, StoreOp, StoreRow, lane_load, lane_store, load, store,
};
use wrt_instructions::for_each_memory_instruction;

/// The function that executes operations of this code.
pub(crate) fn handler<M: GuestMemory>(code: Code) -> Handler<M> {
    match code {
        Code::Data => control::data,
        Code::Control(op) => control_handler(op),
        Code::Bin(op, form) => bin_handler(op, form),
        Code::TryBin(op, form) => try_bin_handler(op, form),
        Code::Cmp(op, form) => cmp_handler(op, Use::Value, form),
        Code::BrIf(op, form) => cmp_handler(op, Use::BrIf, form),
        Code::BrUnless(op, form) => cmp_handler(op, Use::BrUnless, form),
        Code::SelectIf(op, form) => cmp_handler(op, Use::Select, form),
        Code::BrStep(op, form) => cmp_handler(op, Use::BrStep, form),
        Code::BrMask(op) => cmp_handler(op, Use::BrMask, Form::Ri),
        Code::Fuse(inner, outer, form) => fuse_handler(inner, outer, form),
        Code::FuseFloat(inner, outer, form) => float_handler(inner, outer, form),
        Code::Un(op) => un_handler(op),
        Code::TryUn(op) => try_un_handler(op),
        Code::Load(op, form) => load_handler(op, form),
        Code::Store(op, form) => store_handler(op, Some(form)),
        Code::StoreImm(op) => store_handler(op, None),
        Code::LaneLoad(op) => lane_load_handler(op),
        Code::LaneStore(op) => lane_store_handler(op),
        Code::Simd(_) | Code::Misc(_) => control::outside,
    }
}

fn control_handler<M: GuestMemory>(op: Control) -> Handler<M> {
    match op {
        Control::Unreachable => control::unreachable,
        Control::Charge => control::charge,
        Control::ChargeCount => control::charge_count,
        Control::Br => control::br,
        Control::BrTable => control::br_table,
        Control::Zero => control::zero,
        Control::Return => control::ret,
        Control::ReturnOne => control::ret_one,
        Control::ReturnImm => control::ret_imm,
        Control::Call => control::call,
        Control::CallFar => control::call_far,
        Control::CallIndirect => control::call_indirect,
        Control::TailCall => control::tail_call,
        Control::TailCallIndirect => control::tail_call_indirect,
        Control::Copy => control::copy,
        Control::CopyTwo => control::copy_two,
        Control::CopySpan => control::copy_span,
        Control::Const => control::constant,
        Control::ConstSigned => control::constant_signed,
        Control::ConstLong => control::constant_long,
        Control::Select => control::select,
        Control::GlobalGet | Control::GlobalGetHigh => control::global_get,
        Control::GlobalSet | Control::GlobalSetHigh => control::global_set,
        Control::MemorySize => memory::size,
        Control::MemoryCopy => memory::copy,
        Control::MemoryFill => memory::fill,
    }
}

/// Use of a comparison's result.
#[derive(Clone, Copy)]
enum Use {
    Value,
    BrIf,
    BrUnless,
    BrStep,
    BrMask,
    Select,
}

fn bin_form<B: Bin, M: GuestMemory>(form: Form) -> Handler<M> {
    match form {
        Form::Rr => numeric::bin_rr::<B, M>,
        Form::Ri => numeric::bin_ri::<B, M>,
        Form::Ir => numeric::bin_ir::<B, M>,
    }
}

fn try_bin_form<B: TryBin, M: GuestMemory>(form: Form) -> Handler<M> {
    match form {
        Form::Ri => numeric::try_bin_ri::<B, M>,
        _ => numeric::try_bin_rr::<B, M>,
    }
}

fn cmp_form<C: Cmp, M: GuestMemory>(purpose: Use, form: Form) -> Handler<M> {
    match (purpose, form) {
        (Use::Value, Form::Ri) => numeric::cmp_ri::<C, M>,
        (Use::Value, _) => numeric::cmp_rr::<C, M>,
        (Use::BrIf, Form::Ri) => control::br_if_ri::<C, M>,
        (Use::BrIf, _) => control::br_if_rr::<C, M>,
        (Use::BrStep, Form::Ri) => control::br_step_ri::<C, M>,
        (Use::BrStep, _) => control::br_step_rr::<C, M>,
        (Use::BrMask, _) => control::br_mask::<C, M>,
        (Use::BrUnless, _) => control::br_unless_rr::<C, M>,
        (Use::Select, Form::Ri) => numeric::select_ri::<C, M>,
        (Use::Select, _) => numeric::select_rr::<C, M>,
    }
}

fn fuse_form<I: Bin, O: Bin, M: GuestMemory>(form: FuseForm) -> Handler<M> {
    match form {
        FuseForm::Rr => numeric::fuse_rr::<I, O, M>,
        FuseForm::Ir => numeric::fuse_ir::<I, O, M>,
        FuseForm::Ri => numeric::fuse_ri::<I, O, M>,
        FuseForm::Ii => numeric::fuse_ii::<I, O, M>,
        FuseForm::Rev => numeric::fuse_rev::<I, O, M>,
        FuseForm::RevIr => numeric::fuse_rev_ir::<I, O, M>,
    }
}

/// Fused floats have no immediates.
fn float_form<I: Bin, O: Bin, M: GuestMemory>(form: FuseForm) -> Handler<M> {
    match form {
        FuseForm::Rev => numeric::fuse_rev::<I, O, M>,
        _ => numeric::fuse_rr::<I, O, M>,
    }
}

fn load_form<L: LoadRow, M: GuestMemory>(form: Addressing) -> Handler<M> {
    match form {
        Addressing::Near => memory::load_near::<L, M>,
        Addressing::Sum => memory::load_sum::<L, M>,
        Addressing::Added => memory::load_added::<L, M>,
        Addressing::Index => memory::load_index::<L, M>,
        Addressing::SumIndex => memory::load_sum_index::<L, M>,
        Addressing::At => memory::load_at::<L, M>,
        Addressing::Near64 => memory::load_near64::<L, M>,
        Addressing::Far => memory::load_other::<L, M>,
    }
}

fn store_form<S: StoreRow, M: GuestMemory>(form: Option<Addressing>) -> Handler<M> {
    let Some(form) = form else {
        return memory::store_near_imm::<S, M>;
    };
    match form {
        Addressing::Near => memory::store_near::<S, M>,
        Addressing::Sum => memory::store_sum::<S, M>,
        Addressing::Added => memory::store_added::<S, M>,
        Addressing::Index => memory::store_index::<S, M>,
        Addressing::SumIndex => memory::store_sum_index::<S, M>,
        Addressing::At => memory::store_at::<S, M>,
        Addressing::Near64 => memory::store_near64::<S, M>,
        Addressing::Far => memory::store_other::<S, M>,
    }
}

macro_rules! bin_rows {
    ($($name:ident: $ty:ty => |$x:ident, $y:ident| $value:expr;)*) => {
        fn bin_handler<M: GuestMemory>(op: BinOp, form: Form) -> Handler<M> {
            match op { $(BinOp::$name => bin_form::<bin::$name, M>(form),)* }
        }
    };
}
for_each_bin!(bin_rows);

macro_rules! try_bin_rows {
    ($($name:ident: $ty:ty => |$x:ident, $y:ident| $value:expr;)*) => {
        fn try_bin_handler<M: GuestMemory>(op: TryBinOp, form: Form) -> Handler<M> {
            match op { $(TryBinOp::$name => try_bin_form::<try_bin::$name, M>(form),)* }
        }
    };
}
for_each_try_bin!(try_bin_rows);

macro_rules! cmp_rows {
    ($($section:ident { $($name:ident: $ty:ty => |$x:ident, $y:ident| $value:expr;)* })*) => {
        fn cmp_handler<M: GuestMemory>(op: CmpOp, purpose: Use, form: Form) -> Handler<M> {
            match op { $($(CmpOp::$name => cmp_form::<cmp::$name, M>(purpose, form),)*)* }
        }
    };
}
for_each_cmp!(cmp_rows);

macro_rules! un_rows {
    ($($name:ident: $ty:ty => |$x:ident| $value:expr;)*) => {
        fn un_handler<M: GuestMemory>(op: UnOp) -> Handler<M> {
            match op { $(UnOp::$name => numeric::un::<un::$name, M>,)* }
        }
    };
}
for_each_un!(un_rows);

macro_rules! try_un_rows {
    ($($name:ident: $ty:ty => |$x:ident| $value:expr;)*) => {
        fn try_un_handler<M: GuestMemory>(op: TryUnOp) -> Handler<M> {
            match op { $(TryUnOp::$name => numeric::try_un::<try_un::$name, M>,)* }
        }
    };
}
for_each_try_un!(try_un_rows);

macro_rules! fuse_rows {
    ({ $($name:ident)* } { $($float:ident)* }) => {
        fn fuse_handler<M: GuestMemory>(inner: FuseOp, outer: FuseOp, form: FuseForm) -> Handler<M> {
            match inner { $(FuseOp::$name => fuse_outer::<bin::$name, M>(outer, form),)* }
        }

        fn fuse_outer<I: Bin, M: GuestMemory>(outer: FuseOp, form: FuseForm) -> Handler<M> {
            match outer { $(FuseOp::$name => fuse_form::<I, bin::$name, M>(form),)* }
        }

        fn float_handler<M: GuestMemory>(inner: FloatOp, outer: FloatOp, form: FuseForm) -> Handler<M> {
            match inner { $(FloatOp::$float => float_outer::<bin::$float, M>(outer, form),)* }
        }

        fn float_outer<I: Bin, M: GuestMemory>(outer: FloatOp, form: FuseForm) -> Handler<M> {
            match outer { $(FloatOp::$float => float_form::<I, bin::$float, M>(form),)* }
        }
    };
}
for_each_fuse!(fuse_rows);

macro_rules! memory_rows {
    (
        loads { $(($load:ident, $($load_rest:tt)*);)* }
        stores { $(($store:ident, $($store_rest:tt)*);)* }
        lane_loads { $(($get:ident, $($get_rest:tt)*);)* }
        lane_stores { $(($put:ident, $($put_rest:tt)*);)* }
        $($rest:tt)*
    ) => {
        fn load_handler<M: GuestMemory>(op: LoadOp, form: Addressing) -> Handler<M> {
            match op { $(LoadOp::$load => load_form::<load::$load, M>(form),)* }
        }

        fn store_handler<M: GuestMemory>(op: StoreOp, form: Option<Addressing>) -> Handler<M> {
            match op { $(StoreOp::$store => store_form::<store::$store, M>(form),)* }
        }

        fn lane_load_handler<M: GuestMemory>(op: LaneLoadOp) -> Handler<M> {
            match op { $(LaneLoadOp::$get => memory::load_lane::<lane_load::$get, M>,)* }
        }

        fn lane_store_handler<M: GuestMemory>(op: LaneStoreOp) -> Handler<M> {
            match op { $(LaneStoreOp::$put => memory::store_lane::<lane_store::$put, M>,)* }
        }
    };
}
for_each_memory_instruction!(memory_rows);
