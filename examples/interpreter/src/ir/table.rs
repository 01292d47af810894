//! The numeric instructions, one row each.
//!
//! A row gives the name of the instruction (as `wasmparser` spells it), the type its operands are
//! read as, and what it computes. A new instruction is a new row.

use super::{Bin, Cmp, FromSlot, IntoSlot, TryBin, TryUn, Un};
use crate::float;
use crate::trap::TrapKind;

/// The instructions with two operands that cannot trap and are no comparisons.
macro_rules! for_each_bin {
    ($then:ident) => {
        $then! {
            I32Add: u32 => |x, y| x.wrapping_add(y);
            I32Sub: u32 => |x, y| x.wrapping_sub(y);
            I32Mul: u32 => |x, y| x.wrapping_mul(y);
            I32And: u32 => |x, y| x & y;
            I32Or: u32 => |x, y| x | y;
            I32Xor: u32 => |x, y| x ^ y;
            I32Shl: u32 => |x, y| x.wrapping_shl(y);
            I32ShrS: i32 => |x, y| x.wrapping_shr(y.cast_unsigned());
            I32ShrU: u32 => |x, y| x.wrapping_shr(y);
            I32Rotl: u32 => |x, y| x.rotate_left(y & 31);
            I32Rotr: u32 => |x, y| x.rotate_right(y & 31);
            I64Add: u64 => |x, y| x.wrapping_add(y);
            I64Sub: u64 => |x, y| x.wrapping_sub(y);
            I64Mul: u64 => |x, y| x.wrapping_mul(y);
            I64And: u64 => |x, y| x & y;
            I64Or: u64 => |x, y| x | y;
            I64Xor: u64 => |x, y| x ^ y;
            I64Shl: u64 => |x, y| x.wrapping_shl(y as u32);
            I64ShrS: i64 => |x, y| x.wrapping_shr(y as u32);
            I64ShrU: u64 => |x, y| x.wrapping_shr(y as u32);
            I64Rotl: u64 => |x, y| x.rotate_left(y as u32 & 63);
            I64Rotr: u64 => |x, y| x.rotate_right(y as u32 & 63);
            F32Add: f32 => |x, y| x + y;
            F32Sub: f32 => |x, y| x - y;
            F32Mul: f32 => |x, y| x * y;
            F32Div: f32 => |x, y| x / y;
            F32Min: f32 => |x, y| float::min32(x, y);
            F32Max: f32 => |x, y| float::max32(x, y);
            F32Copysign: u32 => |x, y| x & !float::SIGN32 | y & float::SIGN32;
            F64Add: f64 => |x, y| x + y;
            F64Sub: f64 => |x, y| x - y;
            F64Mul: f64 => |x, y| x * y;
            F64Div: f64 => |x, y| x / y;
            F64Min: f64 => |x, y| float::min64(x, y);
            F64Max: f64 => |x, y| float::max64(x, y);
            F64Copysign: u64 => |x, y| x & !float::SIGN64 | y & float::SIGN64;
        }
    };
}

/// The comparisons, and tests of bits that are no instructions of their own.
macro_rules! for_each_cmp {
    ($then:ident) => {
        $then! {
            instructions {
            I32Eq: u32 => |x, y| x == y;
            I32Ne: u32 => |x, y| x != y;
            I32LtS: i32 => |x, y| x < y;
            I32LtU: u32 => |x, y| x < y;
            I32GtS: i32 => |x, y| x > y;
            I32GtU: u32 => |x, y| x > y;
            I32LeS: i32 => |x, y| x <= y;
            I32LeU: u32 => |x, y| x <= y;
            I32GeS: i32 => |x, y| x >= y;
            I32GeU: u32 => |x, y| x >= y;
            I64Eq: u64 => |x, y| x == y;
            I64Ne: u64 => |x, y| x != y;
            I64LtS: i64 => |x, y| x < y;
            I64LtU: u64 => |x, y| x < y;
            I64GtS: i64 => |x, y| x > y;
            I64GtU: u64 => |x, y| x > y;
            I64LeS: i64 => |x, y| x <= y;
            I64LeU: u64 => |x, y| x <= y;
            I64GeS: i64 => |x, y| x >= y;
            I64GeU: u64 => |x, y| x >= y;
            F32Eq: f32 => |x, y| x == y;
            F32Ne: f32 => |x, y| x != y;
            F32Lt: f32 => |x, y| x < y;
            F32Gt: f32 => |x, y| x > y;
            F32Le: f32 => |x, y| x <= y;
            F32Ge: f32 => |x, y| x >= y;
            F64Eq: f64 => |x, y| x == y;
            F64Ne: f64 => |x, y| x != y;
            F64Lt: f64 => |x, y| x < y;
            F64Gt: f64 => |x, y| x > y;
            F64Le: f64 => |x, y| x <= y;
            F64Ge: f64 => |x, y| x >= y;
            }
            // C's `if (x & MASK)`.
            tests {
            I32Test: u32 => |x, y| x & y != 0;
            I32TestZ: u32 => |x, y| x & y == 0;
            I64Test: u64 => |x, y| x & y != 0;
            I64TestZ: u64 => |x, y| x & y == 0;
            }
        }
    };
}

/// Division and remainder.
macro_rules! for_each_try_bin {
    ($then:ident) => {
        $then! {
            I32DivS: i32 => |x, y| x.checked_div(y).ok_or_else(|| division(y == 0));
            I32DivU: u32 => |x, y| x.checked_div(y).ok_or_else(|| division(true));
            I32RemS: i32 => |x, y| if y == 0 { Err(division(true)) } else { Ok(x.wrapping_rem(y)) };
            I32RemU: u32 => |x, y| x.checked_rem(y).ok_or_else(|| division(true));
            I64DivS: i64 => |x, y| x.checked_div(y).ok_or_else(|| division(y == 0));
            I64DivU: u64 => |x, y| x.checked_div(y).ok_or_else(|| division(true));
            I64RemS: i64 => |x, y| if y == 0 { Err(division(true)) } else { Ok(x.wrapping_rem(y)) };
            I64RemU: u64 => |x, y| x.checked_rem(y).ok_or_else(|| division(true));
        }
    };
}

/// The instructions with one operand that cannot trap.
macro_rules! for_each_un {
    ($then:ident) => {
        $then! {
            I32Eqz: u32 => |x| x == 0;
            I64Eqz: u64 => |x| x == 0;
            I32Clz: u32 => |x| x.leading_zeros();
            I32Ctz: u32 => |x| x.trailing_zeros();
            I32Popcnt: u32 => |x| x.count_ones();
            I64Clz: u64 => |x| u64::from(x.leading_zeros());
            I64Ctz: u64 => |x| u64::from(x.trailing_zeros());
            I64Popcnt: u64 => |x| u64::from(x.count_ones());
            I32Extend8S: u32 => |x| i32::from(x as i8);
            I32Extend16S: u32 => |x| i32::from(x as i16);
            I64Extend8S: u64 => |x| i64::from(x as i8);
            I64Extend16S: u64 => |x| i64::from(x as i16);
            I64Extend32S: u64 => |x| i64::from(x as i32);
            I64ExtendI32S: i32 => |x| i64::from(x);
            I32WrapI64: u64 => |x| x as u32;
            F32Abs: u32 => |x| x & !float::SIGN32;
            F32Neg: u32 => |x| x ^ float::SIGN32;
            F32Ceil: f32 => |x| float::quiet32(x.ceil());
            F32Floor: f32 => |x| float::quiet32(x.floor());
            F32Trunc: f32 => |x| float::quiet32(x.trunc());
            F32Nearest: f32 => |x| float::quiet32(x.round_ties_even());
            F32Sqrt: f32 => |x| x.sqrt();
            F64Abs: u64 => |x| x & !float::SIGN64;
            F64Neg: u64 => |x| x ^ float::SIGN64;
            F64Ceil: f64 => |x| float::quiet64(x.ceil());
            F64Floor: f64 => |x| float::quiet64(x.floor());
            F64Trunc: f64 => |x| float::quiet64(x.trunc());
            F64Nearest: f64 => |x| float::quiet64(x.round_ties_even());
            F64Sqrt: f64 => |x| x.sqrt();
            F32ConvertI32S: i32 => |x| x as f32;
            F32ConvertI32U: u32 => |x| x as f32;
            F32ConvertI64S: i64 => |x| x as f32;
            F32ConvertI64U: u64 => |x| x as f32;
            F32DemoteF64: f64 => |x| x as f32;
            F64ConvertI32S: i32 => |x| f64::from(x);
            F64ConvertI32U: u32 => |x| f64::from(x);
            F64ConvertI64S: i64 => |x| x as f64;
            F64ConvertI64U: u64 => |x| x as f64;
            F64PromoteF32: f32 => |x| f64::from(x);
            // `as` saturates and makes 0 of NaN, as the specification wants it.
            I32TruncSatF32S: f32 => |x| x as i32;
            I32TruncSatF32U: f32 => |x| x as u32;
            I32TruncSatF64S: f64 => |x| x as i32;
            I32TruncSatF64U: f64 => |x| x as u32;
            I64TruncSatF32S: f32 => |x| x as i64;
            I64TruncSatF32U: f32 => |x| x as u64;
            I64TruncSatF64S: f64 => |x| x as i64;
            I64TruncSatF64U: f64 => |x| x as u64;
        }
    };
}

/// The conversions that trap.
macro_rules! for_each_try_un {
    ($then:ident) => {
        $then! {
            I32TruncF32S: f32 => |x| float::to_i32(f64::from(x));
            I32TruncF32U: f32 => |x| float::to_u32(f64::from(x));
            I32TruncF64S: f64 => |x| float::to_i32(x);
            I32TruncF64U: f64 => |x| float::to_u32(x);
            I64TruncF32S: f32 => |x| float::to_i64(f64::from(x));
            I64TruncF32U: f32 => |x| float::to_u64(f64::from(x));
            I64TruncF64S: f64 => |x| float::to_i64(x);
            I64TruncF64U: f64 => |x| float::to_u64(x);
        }
    };
}

/// The operations that come in fused pairs, `outer(inner(x, y), z)`: integers and floats.
macro_rules! for_each_fuse {
    ($then:ident) => {
        $then! {
            { I32Add I32Sub I32Mul I32And I32Or I32Xor I32Shl I32ShrU I32ShrS I32Rotl }
            { F32Add F32Sub F32Mul F64Add F64Sub F64Mul }
        }
    };
}

pub(crate) use {
    for_each_bin, for_each_cmp, for_each_fuse, for_each_try_bin, for_each_try_un, for_each_un,
};

#[cold]
fn division(by_zero: bool) -> TrapKind {
    if by_zero { TrapKind::IntegerDivideByZero } else { TrapKind::IntegerOverflow }
}

macro_rules! bin_rows {
    ($($name:ident: $ty:ty => |$x:ident, $y:ident| $value:expr;)*) => {
        all!(BinOp: $($name)*);
        /// An instruction with two operands that cannot trap.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum BinOp { $($name,)* }
        /// The semantics of each.
        pub(crate) mod bin { $(pub(crate) struct $name;)* }
        $(impl Bin for bin::$name {
            type Operand = $ty;
            #[inline(always)]
            fn eval($x: $ty, $y: $ty) -> u64 { ($value).into_slot() }
        })*
    };
}
for_each_bin!(bin_rows);

macro_rules! cmp_rows {
    ($($section:ident { $($name:ident: $ty:ty => |$x:ident, $y:ident| $value:expr;)* })*) => {
        all!(CmpOp: $($($name)*)*);
        /// A comparison.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum CmpOp { $($($name,)*)* }
        /// The semantics of each.
        pub(crate) mod cmp { $($(pub(crate) struct $name;)*)* }
        $($(impl Cmp for cmp::$name {
            type Operand = $ty;
            #[inline(always)]
            fn test($x: $ty, $y: $ty) -> bool { $value }
        })*)*
    };
}
for_each_cmp!(cmp_rows);

macro_rules! try_bin_rows {
    ($($name:ident: $ty:ty => |$x:ident, $y:ident| $value:expr;)*) => {
        all!(TryBinOp: $($name)*);
        /// A division or remainder.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum TryBinOp { $($name,)* }
        /// The semantics of each.
        pub(crate) mod try_bin { $(pub(crate) struct $name;)* }
        $(impl TryBin for try_bin::$name {
            type Operand = $ty;
            #[inline(always)]
            fn eval($x: $ty, $y: $ty) -> Result<u64, TrapKind> { ($value).map(IntoSlot::into_slot) }
        })*
    };
}
for_each_try_bin!(try_bin_rows);

macro_rules! un_rows {
    ($($name:ident: $ty:ty => |$x:ident| $value:expr;)*) => {
        all!(UnOp: $($name)*);
        /// An instruction with one operand that cannot trap.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum UnOp { $($name,)* }
        /// The semantics of each.
        pub(crate) mod un { $(pub(crate) struct $name;)* }
        $(impl Un for un::$name {
            #[inline(always)]
            fn eval(bits: u64) -> u64 {
                let $x = <$ty>::from_slot(bits);
                ($value).into_slot()
            }
        })*
    };
}
for_each_un!(un_rows);

macro_rules! try_un_rows {
    ($($name:ident: $ty:ty => |$x:ident| $value:expr;)*) => {
        all!(TryUnOp: $($name)*);
        /// A conversion that may trap.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum TryUnOp { $($name,)* }
        /// The semantics of each.
        pub(crate) mod try_un { $(pub(crate) struct $name;)* }
        $(impl TryUn for try_un::$name {
            #[inline(always)]
            fn eval(bits: u64) -> Result<u64, TrapKind> {
                let $x = <$ty>::from_slot(bits);
                ($value).map(IntoSlot::into_slot)
            }
        })*
    };
}
for_each_try_un!(try_un_rows);

macro_rules! fuse_rows {
    ({ $($name:ident)* } { $($float:ident)* }) => {
        all!(FuseOp: $($name)*);
        /// An integer operation that may be half of a fused pair.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum FuseOp { $($name,)* }

        all!(FloatOp: $($float)*);
        /// An operation on floats that may be half of a fused pair.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum FloatOp { $($float,)* }

        impl BinOp {
            /// The operation as half of a fused pair, if it may be one.
            pub(crate) fn fuse(self) -> Option<FuseOp> {
                match self {
                    $(Self::$name => Some(FuseOp::$name),)*
                    _ => None,
                }
            }

            /// The operation as half of a fused pair of floats, if it may be one.
            pub(crate) fn fuse_float(self) -> Option<FloatOp> {
                match self {
                    $(Self::$float => Some(FloatOp::$float),)*
                    _ => None,
                }
            }
        }
    };
}
for_each_fuse!(fuse_rows);
