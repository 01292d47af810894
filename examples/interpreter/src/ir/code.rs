//! Codes of operations.

use super::{BinOp, CmpOp, FloatOp, FuseOp, TryBinOp, TryUnOp, UnOp};
use crate::memory_ops::{LaneLoadOp, LaneStoreOp, LoadOp, StoreOp};
use crate::simd::SimdOp;

/// Code of an operation on its fields `a`, `b`, `imm`, where `c` and `d` are the two halves of
/// `imm`. Fields are slots unless stated otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// Payload of the operation before; never reached.
    Data,
    /// Control flow, calls and moves.
    Control(Control),
    /// `a = b op c`.
    Bin(BinOp, Form),
    /// `a = b op c`, may trap.
    TryBin(TryBinOp, Form),
    /// `a = b op c`, 0 or 1.
    Cmp(CmpOp, Form),
    /// `a = outer(inner(b, c), d)`.
    Fuse(FuseOp, FuseOp, FuseForm),
    /// `a = outer(inner(b, c), d)`, floats.
    FuseFloat(FloatOp, FloatOp, FuseForm),
    /// `a = op b`.
    Un(UnOp),
    /// `a = op b`, may trap.
    TryUn(TryUnOp),
    /// To operation `imm` if the comparison of `a` and `b` holds.
    BrIf(CmpOp, Form),
    /// To operation `imm` if the comparison of `a` and `b` does not hold (floats, where the
    /// opposite of "less" is not "greater or equal").
    BrUnless(CmpOp, Form),
    /// `a += step`, then to operation `target` if the comparison of `a` and `b` holds. The step is
    /// the upper 8 bits of `imm`, signed; the target the lower 24.
    BrStep(CmpOp, Form),
    /// To operation `imm` if the comparison of `a & mask` and a constant holds; the mask is the
    /// lower and the constant the upper 8 bits of `b`.
    BrMask(CmpOp),
    /// `a = c op d ? x : y`, with `x` and `y` in `a` and `b` of the data that follow.
    SelectIf(CmpOp, Form),
    /// A load into `a`.
    Load(LoadOp, Addressing),
    /// A store of `a`.
    Store(StoreOp, Addressing),
    /// A store of the 16 bits `a`, sign-extended, to 32-bit memory 0, at `b + imm`.
    StoreImm(StoreOp),
    /// A load of a lane into `a`: memory `imm`, at `b` plus the 64 bits that follow; then follows
    /// the slot of the vector in `a` and the lane in `b`.
    LaneLoad(LaneLoadOp),
    /// A store of a lane of the vector in `a`; as [`LaneLoad`](Self::LaneLoad).
    LaneStore(LaneStoreOp),
    /// An operation on vectors; executed outside of the inner loop.
    Simd(SimdOp),
    /// Everything rare; executed outside of the inner loop.
    Misc(Misc),
}

/// Operands of a binary operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Both in slots.
    Rr,
    /// The second one in the operation: 32 bits for arithmetic, 16 in `b` for branches.
    Ri,
    /// The first one in the operation.
    Ir,
}

/// Operands of a fused pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FuseForm {
    /// All in slots.
    Rr,
    /// `c` is 16 bits, sign-extended.
    Ir,
    /// `d` is 16 bits, sign-extended.
    Ri,
    /// Both are.
    Ii,
    /// All in slots, and `d` is the outer operation's first operand.
    Rev,
    /// `c` is 16 bits, sign-extended, and `d` is the outer operation's first operand.
    RevIr,
}

/// Addressing of a load or a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addressing {
    /// 32-bit memory 0, at `b + imm`.
    Near,
    /// 32-bit memory 0, at `(b + c) + d`, `d` being 16 bits of offset.
    Sum,
    /// 32-bit memory 0, at `(b + imm)`, where the sum wraps around: an `i32.add` and no offset.
    Added,
    /// 32-bit memory 0, at `(b * bytes) + imm`, `bytes` being the size of the access.
    Index,
    /// 32-bit memory 0, at `(b * bytes + c) + d`, `d` being 16 bits of offset.
    SumIndex,
    /// 32-bit memory 0, at `imm`.
    At,
    /// 64-bit memory 0, at `b + imm`.
    Near64,
    /// Memory `imm`, at `b` plus the 64 bits that follow.
    Far,
}

/// Control flow, calls and moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Traps.
    Unreachable,
    /// Takes `imm` units of fuel, or stops the program if there are fewer or it was interrupted.
    Charge,
    /// Takes one unit of fuel for every `2^imm` of what `a` holds, or stops the program.
    ChargeCount,
    /// To operation `imm`.
    Br,
    /// To the target in the `min(a + b, imm)`-th of the `imm + 1` operations that follow, `b` being
    /// 16 bits, sign-extended.
    BrTable,
    /// Sets `b` slots from `a` on to zero: the locals at a function's start.
    Zero,
    /// Back to the caller; results are in place.
    Return,
    /// Back to the caller with `b` as the result.
    ReturnOne,
    /// Back to the caller with `imm` as the result.
    ReturnImm,
    /// The function of this instance whose code starts at `imm` (in a module's code: with this
    /// index), its frame starting at `a`.
    Call,
    /// Function `imm` of the store, its frame starting at `a`.
    CallFar,
    /// The element in `b` of the table in the data that follow, which must have type `imm`; its
    /// frame starts at `a`.
    CallIndirect,
    /// `Call` that replaces the current frame; `b` slots of arguments.
    TailCall,
    /// `CallIndirect` that replaces the current frame; its data hold the number of slots, too.
    TailCallIndirect,
    /// `a = b`.
    Copy,
    /// `a = b`, then `c = d`.
    CopyTwo,
    /// `imm` slots from `b` on to `a` on, as if through a buffer.
    CopySpan,
    /// `a = imm`, zero-extended.
    Const,
    /// `a = imm`, sign-extended.
    ConstSigned,
    /// `a =` the 64 bits that follow.
    ConstLong,
    /// `a = b ? c : d`.
    Select,
    /// `a = ` global slot `imm` (in a module's code: global `imm`).
    GlobalGet,
    /// Global slot `imm` = `b`.
    GlobalSet,
    /// `a = ` the upper half of the vector in global slot `imm`.
    GlobalGetHigh,
    /// The upper half of the vector in global slot `imm` = `b`.
    GlobalSetHigh,
    /// `a =` pages of memory 0.
    MemorySize,
    /// Memory 0, 32-bit: from `b` to `a`, `c` bytes.
    MemoryCopy,
    /// Memory 0, 32-bit: at `a` the byte `b`, `c` times.
    MemoryFill,
}

/// Everything rare. Operands lie in consecutive slots from `a` on, where the operand stack has
/// them, and the result goes to `a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misc {
    /// Memory `imm`.
    MemorySize,
    /// Memory `imm`.
    MemoryGrow,
    /// Memory `imm`.
    MemoryFill,
    /// To memory `b` from memory `imm`.
    MemoryCopy,
    /// Memory `b`, segment `imm`.
    MemoryInit,
    /// Segment `imm`.
    DataDrop,
    /// Table `imm`.
    TableGet,
    /// Table `imm`.
    TableSet,
    /// Table `imm`.
    TableSize,
    /// Table `imm`.
    TableGrow,
    /// Table `imm`.
    TableFill,
    /// To table `b` from table `imm`.
    TableCopy,
    /// Table `b`, segment `imm`.
    TableInit,
    /// Segment `imm`.
    ElemDrop,
    /// Function `imm`.
    RefFunc,
}
