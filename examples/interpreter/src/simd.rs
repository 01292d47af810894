//! The vector instructions that do not access memory, as far as this interpreter has them.
//!
//! A row gives the instruction's name (as `wasmparser` spells it) and what it computes on lanes.
//! They run outside of the inner loop: their purpose is to move vectors through memory and inspect
//! them, not speed.

/// Splits a vector into lanes, little-endian.
macro_rules! lanes {
    ($bits:expr, $ty:ty, $count:expr) => {{
        let bytes = $bits.to_le_bytes();
        let (chunks, _) = bytes.as_chunks::<{ 16 / $count }>();
        core::array::from_fn::<$ty, $count, _>(|i| {
            <$ty>::from_le_bytes(chunks.get(i).copied().unwrap_or_default())
        })
    }};
}

/// Puts lanes together again.
fn join<const N: usize, const W: usize>(lanes: [[u8; W]; N]) -> u128 {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(lanes.as_flattened()) {
        *to = *from;
    }
    u128::from_le_bytes(bytes)
}

/// The instructions on two vectors of the same shape: name, lane type, number of lanes, function.
macro_rules! for_each_simd_bin {
    ($then:ident) => {
        $then! {
            I8x16Add(u8, 16) => |x, y| x.wrapping_add(y);
            I8x16Sub(u8, 16) => |x, y| x.wrapping_sub(y);
            I8x16Eq(u8, 16) => |x, y| if x == y { u8::MAX } else { 0 };
            I16x8Add(u16, 8) => |x, y| x.wrapping_add(y);
            I16x8Sub(u16, 8) => |x, y| x.wrapping_sub(y);
            I16x8Mul(u16, 8) => |x, y| x.wrapping_mul(y);
            I16x8Eq(u16, 8) => |x, y| if x == y { u16::MAX } else { 0 };
            I32x4Add(u32, 4) => |x, y| x.wrapping_add(y);
            I32x4Sub(u32, 4) => |x, y| x.wrapping_sub(y);
            I32x4Mul(u32, 4) => |x, y| x.wrapping_mul(y);
            I32x4Eq(u32, 4) => |x, y| if x == y { u32::MAX } else { 0 };
            I64x2Add(u64, 2) => |x, y| x.wrapping_add(y);
            I64x2Sub(u64, 2) => |x, y| x.wrapping_sub(y);
            I64x2Mul(u64, 2) => |x, y| x.wrapping_mul(y);
            I64x2Eq(u64, 2) => |x, y| if x == y { u64::MAX } else { 0 };
            V128And(u64, 2) => |x, y| x & y;
            V128Or(u64, 2) => |x, y| x | y;
            V128Xor(u64, 2) => |x, y| x ^ y;
            V128AndNot(u64, 2) => |x, y| x & !y;
            F32x4Mul(f32, 4) => |x, y| x * y;
            F32x4Min(f32, 4) => |x, y| crate::float::min32(x, y);
        }
    };
}

/// The instructions on one vector.
macro_rules! for_each_simd_un {
    ($then:ident) => {
        $then! {
            V128Not(u64, 2) => |x| !x;
            F32x4Abs(u32, 4) => |x| x & !crate::float::SIGN32;
            F32x4ConvertI32x4U(u32, 4) => |x| x as f32;
            I32x4TruncSatF32x4S(f32, 4) => |x| x as i32;
        }
    };
}

/// The instructions that shift every lane by the same count.
macro_rules! for_each_simd_shift {
    ($then:ident) => {
        $then! {
            I8x16Shl(u8, 16) => |x, by| x.wrapping_shl(by);
            I16x8Shl(u16, 8) => |x, by| x.wrapping_shl(by);
            I32x4Shl(u32, 4) => |x, by| x.wrapping_shl(by);
            I64x2Shl(u64, 2) => |x, by| x.wrapping_shl(by);
        }
    };
}

/// The instructions that test whether all lanes are non-zero.
macro_rules! for_each_simd_test {
    ($then:ident) => {
        $then! {
            I8x16AllTrue(u8, 16);
            I16x8AllTrue(u16, 8);
            I32x4AllTrue(u32, 4);
            I64x2AllTrue(u64, 2);
        }
    };
}

/// The instructions that fill a vector from a scalar: name, lane type, number of lanes. Floats
/// are bits here, as they are in slots.
macro_rules! for_each_simd_splat {
    ($then:ident) => {
        $then! {
            I8x16Splat(u8, 16);
            I16x8Splat(u16, 8);
            I32x4Splat(u32, 4);
            I64x2Splat(u64, 2);
            F32x4Splat(u32, 4);
            F64x2Splat(u64, 2);
        }
    };
}

/// The instructions that read one lane: name, lane type, number of lanes, the type it widens to.
macro_rules! for_each_simd_extract {
    ($then:ident) => {
        $then! {
            I8x16ExtractLaneS(i8, 16) => i32;
            I8x16ExtractLaneU(u8, 16) => u32;
            I16x8ExtractLaneS(i16, 8) => i32;
            I16x8ExtractLaneU(u16, 8) => u32;
            I32x4ExtractLane(u32, 4) => u32;
            I64x2ExtractLane(u64, 2) => u64;
            F32x4ExtractLane(u32, 4) => u32;
            F64x2ExtractLane(u64, 2) => u64;
        }
    };
}

/// The instructions that replace one lane.
macro_rules! for_each_simd_replace {
    ($then:ident) => {
        $then! {
            I8x16ReplaceLane(u8, 16);
            I16x8ReplaceLane(u16, 8);
            I32x4ReplaceLane(u32, 4);
            I64x2ReplaceLane(u64, 2);
            F32x4ReplaceLane(u32, 4);
            F64x2ReplaceLane(u64, 2);
        }
    };
}

pub(crate) use {
    for_each_simd_bin, for_each_simd_extract, for_each_simd_replace, for_each_simd_shift,
    for_each_simd_splat, for_each_simd_test, for_each_simd_un,
};

/// A vector operation, by the shape of its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SimdOp {
    /// The vector in the data that follow.
    Const,
    /// Lanes picked from two vectors by the data that follow.
    Shuffle,
    /// Lanes of the first vector picked by the second one.
    Swizzle,
    /// Bits of the first or the second vector, by the third one.
    Bitselect,
    /// Whether any bit is set.
    AnyTrue,
    Bin(SimdBin),
    Un(SimdUn),
    Shift(SimdShift),
    Test(SimdTest),
    Splat(SimdSplat),
    /// The lane is in `b`.
    Extract(SimdExtract),
    /// The lane is in `b`.
    Replace(SimdReplace),
}

macro_rules! bin_rows {
    ($($name:ident($ty:ty, $count:expr) => |$x:ident, $y:ident| $value:expr;)*) => {
        /// Two vectors to one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names, reason = "the names are those of the instructions")]
        pub(crate) enum SimdBin { $($name,)* }
        impl SimdBin {
            pub(crate) fn eval(self, left: u128, right: u128) -> u128 {
                match self {
                    $(Self::$name => {
                        let right = lanes!(right, $ty, $count);
                        let mut right = right.into_iter();
                        join(lanes!(left, $ty, $count).map(|$x| {
                            let $y = right.next().unwrap_or_default();
                            ($value).to_le_bytes()
                        }))
                    })*
                }
            }
        }
    };
}
for_each_simd_bin!(bin_rows);

macro_rules! un_rows {
    ($($name:ident($ty:ty, $count:expr) => |$x:ident| $value:expr;)*) => {
        /// One vector to one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names, reason = "the names are those of the instructions")]
        pub(crate) enum SimdUn { $($name,)* }
        impl SimdUn {
            pub(crate) fn eval(self, vector: u128) -> u128 {
                match self {
                    $(Self::$name => {
                        join(lanes!(vector, $ty, $count).map(|$x| ($value).to_le_bytes()))
                    })*
                }
            }
        }
    };
}
for_each_simd_un!(un_rows);

macro_rules! shift_rows {
    ($($name:ident($ty:ty, $count:expr) => |$x:ident, $by:ident| $value:expr;)*) => {
        /// A vector and a count to a vector.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names, reason = "the names are those of the instructions")]
        pub(crate) enum SimdShift { $($name,)* }
        impl SimdShift {
            pub(crate) fn eval(self, vector: u128, count: u32) -> u128 {
                match self {
                    $(Self::$name => {
                        let $by = count;
                        join(lanes!(vector, $ty, $count).map(|$x| ($value).to_le_bytes()))
                    })*
                }
            }
        }
    };
}
for_each_simd_shift!(shift_rows);

macro_rules! test_rows {
    ($($name:ident($ty:ty, $count:expr);)*) => {
        /// A vector to 0 or 1.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names, reason = "the names are those of the instructions")]
        pub(crate) enum SimdTest { $($name,)* }
        impl SimdTest {
            pub(crate) fn eval(self, vector: u128) -> bool {
                match self {
                    $(Self::$name => lanes!(vector, $ty, $count).iter().all(|lane| *lane != 0),)*
                }
            }
        }
    };
}
for_each_simd_test!(test_rows);

macro_rules! splat_rows {
    ($($name:ident($ty:ty, $count:expr);)*) => {
        /// A scalar to a vector.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names, reason = "the names are those of the instructions")]
        pub(crate) enum SimdSplat { $($name,)* }
        impl SimdSplat {
            pub(crate) fn eval(self, scalar: u64) -> u128 {
                match self {
                    $(Self::$name => join([(scalar as $ty).to_le_bytes(); $count]),)*
                }
            }
        }
    };
}
for_each_simd_splat!(splat_rows);

macro_rules! extract_rows {
    ($($name:ident($ty:ty, $count:expr) => $wide:ty;)*) => {
        /// A lane to a scalar.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names, reason = "the names are those of the instructions")]
        pub(crate) enum SimdExtract { $($name,)* }
        impl SimdExtract {
            pub(crate) fn eval(self, vector: u128, lane: u16) -> u64 {
                use crate::ir::IntoSlot;
                match self {
                    $(Self::$name => {
                        let lanes = lanes!(vector, $ty, $count);
                        let lane = lanes.get(usize::from(lane)).copied().unwrap_or_default();
                        <$wide>::from(lane).into_slot()
                    })*
                }
            }
        }
    };
}
for_each_simd_extract!(extract_rows);

macro_rules! replace_rows {
    ($($name:ident($ty:ty, $count:expr);)*) => {
        /// A vector with one lane replaced.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names, reason = "the names are those of the instructions")]
        pub(crate) enum SimdReplace { $($name,)* }
        impl SimdReplace {
            pub(crate) fn eval(self, vector: u128, lane: u16, scalar: u64) -> u128 {
                match self {
                    $(Self::$name => {
                        let mut lanes = lanes!(vector, $ty, $count);
                        if let Some(lane) = lanes.get_mut(usize::from(lane)) {
                            *lane = scalar as $ty;
                        }
                        join(lanes.map(<$ty>::to_le_bytes))
                    })*
                }
            }
        }
    };
}
for_each_simd_replace!(replace_rows);

/// `i8x16.swizzle`: lanes of `vector` picked by `lanes`, 0 where there is none.
pub(crate) fn swizzle(vector: u128, lanes: u128) -> u128 {
    let bytes = vector.to_le_bytes();
    let pick = |lane: u8| bytes.get(usize::from(lane)).copied().unwrap_or(0);
    u128::from_le_bytes(lanes.to_le_bytes().map(pick))
}

/// `i8x16.shuffle`: lanes of two vectors picked by `lanes`.
pub(crate) fn shuffle(left: u128, right: u128, lanes: u128) -> u128 {
    let both = [left.to_le_bytes(), right.to_le_bytes()];
    let pick = |lane: u8| both.as_flattened().get(usize::from(lane)).copied().unwrap_or(0);
    u128::from_le_bytes(lanes.to_le_bytes().map(pick))
}

/// `v128.bitselect`.
pub(crate) fn bitselect(left: u128, right: u128, mask: u128) -> u128 {
    left & mask | right & !mask
}
