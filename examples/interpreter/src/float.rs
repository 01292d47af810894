//! Floating-point operations for which WebAssembly differs from Rust.

use crate::trap::TrapKind;

/// The sign bit of an `f32`.
pub(crate) const SIGN32: u32 = 1 << 31;
/// The sign bit of an `f64`.
pub(crate) const SIGN64: u64 = 1 << 63;

macro_rules! min_max {
    ($min:ident, $max:ident, $ty:ty) => {
        /// The smaller one; NaN if either is, and -0 is smaller than +0.
        #[inline(always)]
        pub(crate) fn $min(x: $ty, y: $ty) -> $ty {
            if x < y {
                x
            } else if y < x {
                y
            } else if x == y {
                <$ty>::from_bits(x.to_bits() | y.to_bits())
            } else {
                x + y
            }
        }

        /// The larger one; NaN if either is, and +0 is larger than -0.
        #[inline(always)]
        pub(crate) fn $max(x: $ty, y: $ty) -> $ty {
            if x > y {
                x
            } else if y > x {
                y
            } else if x == y {
                <$ty>::from_bits(x.to_bits() & y.to_bits())
            } else {
                x + y
            }
        }
    };
}
min_max!(min32, max32, f32);
min_max!(min64, max64, f64);

macro_rules! quiet {
    ($name:ident, $ty:ty, $bit:expr) => {
        /// The float, or a quiet NaN in place of any NaN: rounding functions of the host may return
        /// signalling ones.
        #[inline(always)]
        pub(crate) fn $name(x: $ty) -> $ty {
            if x.is_nan() { <$ty>::from_bits(x.to_bits() | $bit) } else { x }
        }
    };
}
quiet!(quiet32, f32, 1 << 22);
quiet!(quiet64, f64, 1 << 51);

macro_rules! truncate {
    ($name:ident, $ty:ty, $low:expr, $high:expr) => {
        /// Truncates toward zero. Traps on NaN and on values out of range: those not strictly
        /// between the nearest floats that do not fit. An `f32` widens exactly, so one function
        /// serves both.
        #[inline(always)]
        pub(crate) fn $name(x: f64) -> Result<$ty, TrapKind> {
            if x > $low && x < $high { Ok(x as $ty) } else { Err(refused(x.is_nan())) }
        }
    };
}
truncate!(to_i32, i32, -2_147_483_649.0, 2_147_483_648.0);
truncate!(to_u32, u32, -1.0, 4_294_967_296.0);
// No float lies between -2^63 and the next one below.
truncate!(to_i64, i64, -9_223_372_036_854_777_856.0, 9_223_372_036_854_775_808.0);
truncate!(to_u64, u64, -1.0, 18_446_744_073_709_551_616.0);

#[cold]
fn refused(nan: bool) -> TrapKind {
    if nan { TrapKind::InvalidConversionToInteger } else { TrapKind::IntegerOverflow }
}
