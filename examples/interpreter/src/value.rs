//! Values of the host, and their form in slots of the interpreter's stack.

use crate::store::FuncId;
use crate::types::ValType;

/// A WebAssembly value. Floats are passed as bits, so that the payload of a NaN survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// A vector, little-endian.
    V128([u8; 16]),
    /// A reference to a function of the same store, or null.
    FuncRef(Option<FuncId>),
    /// A reference to an object of the host, or null.
    ExternRef(Option<u32>),
}

impl Value {
    /// The value's type.
    pub fn ty(&self) -> ValType {
        match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
            Self::V128(_) => ValType::V128,
            Self::FuncRef(_) => ValType::FuncRef,
            Self::ExternRef(_) => ValType::ExternRef,
        }
    }

    /// Zero, or null.
    pub fn default(ty: ValType) -> Self {
        Self::from_slots(ty, [0, 0])
    }

    /// The integer, if this is an `i32`.
    pub fn as_i32(&self) -> Option<i32> {
        match self {
            Self::I32(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if this is an `i64`.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::I64(value) => Some(*value),
            _ => None,
        }
    }

    /// The value as two slots; the second is 0 for all but vectors.
    pub(crate) fn to_slots(self) -> [u64; 2] {
        match self {
            Self::I32(value) => [u64::from(value.cast_unsigned()), 0],
            Self::I64(value) => [value.cast_unsigned(), 0],
            Self::F32(bits) => [u64::from(bits), 0],
            Self::F64(bits) => [bits, 0],
            Self::V128(bytes) => {
                let bits = u128::from_le_bytes(bytes);
                [bits as u64, (bits >> 64) as u64]
            }
            Self::FuncRef(func) => [func.map_or(0, |func| u64::from(func.0) + 1), 0],
            Self::ExternRef(host) => [host.map_or(0, |host| u64::from(host) + 1), 0],
        }
    }

    pub(crate) fn from_slots(ty: ValType, [low, high]: [u64; 2]) -> Self {
        // A reference is kept one higher than its number: 0 is null.
        let reference = || low.checked_sub(1).map(|number| number as u32);
        match ty {
            ValType::I32 => Self::I32(low as i32),
            ValType::I64 => Self::I64(low.cast_signed()),
            ValType::F32 => Self::F32(low as u32),
            ValType::F64 => Self::F64(low),
            ValType::V128 => {
                let bits = u128::from(low) | u128::from(high) << 64;
                Self::V128(bits.to_le_bytes())
            }
            ValType::FuncRef => Self::FuncRef(reference().map(FuncId)),
            ValType::ExternRef => Self::ExternRef(reference()),
        }
    }
}
