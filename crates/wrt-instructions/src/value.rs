//! Operands and results of memory instructions.

use core::fmt;

use crate::stored::stored;
use crate::v128::V128;

/// A 32-bit float as its bits, so that NaN payloads survive every load and store, also on hosts
/// whose floating-point registers would change them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct F32(u32);

/// A 64-bit float as its bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct F64(u64);

macro_rules! float_bits {
    ($name:ident, $bits:ty, $float:ty) => {
        impl $name {
            /// The float with these bits.
            #[inline(always)]
            #[must_use]
            pub const fn from_bits(bits: $bits) -> Self {
                Self(bits)
            }

            /// The bits.
            #[inline(always)]
            #[must_use]
            pub const fn to_bits(self) -> $bits {
                self.0
            }
        }

        impl From<$float> for $name {
            fn from(float: $float) -> Self {
                Self(float.to_bits())
            }
        }

        impl From<$name> for $float {
            fn from(bits: $name) -> Self {
                Self::from_bits(bits.0)
            }
        }
    };
}

float_bits!(F32, u32, f32);
float_bits!(F64, u64, f64);

stored! {
    F32 as u32: F32::from_bits, F32::to_bits;
    F64 as u64: F64::from_bits, F64::to_bits;
}

/// The type of a [`Value`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ValueType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// A 128-bit vector.
    V128,
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
        })
    }
}

/// A value with its type, for runtimes that keep operations as values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// A 32-bit float.
    F32(F32),
    /// A 64-bit float.
    F64(F64),
    /// A 128-bit vector.
    V128(V128),
}

impl Value {
    /// The type.
    #[must_use]
    pub const fn value_type(&self) -> ValueType {
        match self {
            Self::I32(_) => ValueType::I32,
            Self::I64(_) => ValueType::I64,
            Self::F32(_) => ValueType::F32,
            Self::F64(_) => ValueType::F64,
            Self::V128(_) => ValueType::V128,
        }
    }
}

/// A Rust type that represents one [`ValueType`].
pub(crate) trait Typed: Sized {
    const TYPE: ValueType;

    fn into_value(self) -> Value;

    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! typed {
    ($($type:ty => $variant:ident),*) => {$(
        impl Typed for $type {
            const TYPE: ValueType = ValueType::$variant;

            #[inline(always)]
            fn into_value(self) -> Value {
                Value::$variant(self)
            }

            #[inline(always)]
            fn from_value(value: Value) -> Option<Self> {
                if let Value::$variant(inner) = value { Some(inner) } else { None }
            }
        }

        impl From<$type> for Value {
            fn from(inner: $type) -> Self {
                Self::$variant(inner)
            }
        }
    )*};
}

typed!(i32 => I32, i64 => I64, F32 => F32, F64 => F64, V128 => V128);
