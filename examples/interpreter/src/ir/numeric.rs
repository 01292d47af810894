//! Traits of the rows of the numeric tables, and conversions of slots.

use crate::trap::TrapKind;

/// A value as an operation reads it from a slot or from its immediate.
pub(crate) trait FromSlot: Copy {
    fn from_slot(bits: u64) -> Self;
    /// From the 32 bits in an operation: sign-extended for `i64`, widened for `f64`.
    fn from_imm(imm: u32) -> Self;
    /// The bits of a slot with a small integer added to its value.
    fn stepped(bits: u64, step: i8) -> u64;
}

/// A value as an operation writes it to a slot.
pub(crate) trait IntoSlot {
    fn into_slot(self) -> u64;
}

#[inline(always)]
fn step32(bits: u64, step: i8) -> u64 {
    u64::from((bits as u32).wrapping_add_signed(i32::from(step)))
}

#[inline(always)]
fn step64(bits: u64, step: i8) -> u64 {
    bits.wrapping_add_signed(i64::from(step))
}

macro_rules! slot {
    ($ty:ty, $step:ident, $bits:ident => $from:expr, $imm:ident => $from_imm:expr, $value:ident => $into:expr) => {
        impl FromSlot for $ty {
            #[inline(always)]
            fn from_slot($bits: u64) -> Self {
                $from
            }
            #[inline(always)]
            fn from_imm($imm: u32) -> Self {
                $from_imm
            }
            #[inline(always)]
            fn stepped(bits: u64, step: i8) -> u64 {
                $step(bits, step)
            }
        }
        impl IntoSlot for $ty {
            #[inline(always)]
            fn into_slot(self) -> u64 {
                let $value = self;
                $into
            }
        }
    };
}

slot!(u32, step32, bits => bits as u32, imm => imm, value => u64::from(value));
slot!(i32, step32, bits => bits as i32, imm => imm.cast_signed(), value => u64::from(value.cast_unsigned()));
slot!(u64, step64, bits => bits, imm => i64::from(imm.cast_signed()).cast_unsigned(), value => value);
slot!(i64, step64, bits => bits.cast_signed(), imm => i64::from(imm.cast_signed()), value => value.cast_unsigned());
slot!(f32, step64, bits => f32::from_bits(bits as u32), imm => f32::from_bits(imm), value => u64::from(value.to_bits()));
slot!(f64, step64, bits => f64::from_bits(bits), imm => f64::from(f32::from_bits(imm)), value => value.to_bits());

impl IntoSlot for bool {
    #[inline(always)]
    fn into_slot(self) -> u64 {
        u64::from(self)
    }
}

/// An operation on two values.
pub(crate) trait Bin {
    type Operand: FromSlot;
    fn eval(x: Self::Operand, y: Self::Operand) -> u64;
}

/// A comparison.
pub(crate) trait Cmp {
    type Operand: FromSlot;
    fn test(x: Self::Operand, y: Self::Operand) -> bool;
}

/// An operation on two values that may trap.
pub(crate) trait TryBin {
    type Operand: FromSlot;
    fn eval(x: Self::Operand, y: Self::Operand) -> Result<u64, TrapKind>;
}

/// An operation on one value.
pub(crate) trait Un {
    fn eval(x: u64) -> u64;
}

/// An operation on one value that may trap.
pub(crate) trait TryUn {
    fn eval(x: u64) -> Result<u64, TrapKind>;
}
