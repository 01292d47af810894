//! Arguments of scripts, and comparison with their expected results.

use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};
use wrt_interpreter::Value;

/// The value of an argument, if this interpreter has values of its type.
pub(crate) fn argument(arg: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(arg) = arg else { return None };
    Some(match arg {
        WastArgCore::I32(value) => Value::I32(*value),
        WastArgCore::I64(value) => Value::I64(*value),
        WastArgCore::F32(value) => Value::F32(value.bits),
        WastArgCore::F64(value) => Value::F64(value.bits),
        WastArgCore::V128(value) => Value::V128(value.to_le_bytes()),
        WastArgCore::RefNull(ty) => null(ty)?,
        WastArgCore::RefExtern(number) | WastArgCore::RefHost(number) => {
            Value::ExternRef(Some(*number))
        }
    })
}

fn null(ty: &HeapType<'_>) -> Option<Value> {
    let HeapType::Abstract { ty, .. } = ty else { return None };
    match ty {
        AbstractHeapType::Func | AbstractHeapType::NoFunc => Some(Value::FuncRef(None)),
        AbstractHeapType::Extern | AbstractHeapType::NoExtern => Some(Value::ExternRef(None)),
        _ => None,
    }
}

/// Whether the results of a call are those expected.
pub(crate) fn all_match(expected: &[WastRet<'_>], found: &[Value]) -> bool {
    expected.len() == found.len()
        && expected.iter().zip(found).all(|(expected, found)| match expected {
            WastRet::Core(expected) => matches(expected, *found),
            _ => false,
        })
}

fn matches(expected: &WastRetCore<'_>, found: Value) -> bool {
    match (expected, found) {
        (WastRetCore::I32(expected), Value::I32(found)) => *expected == found,
        (WastRetCore::I64(expected), Value::I64(found)) => *expected == found,
        (WastRetCore::F32(expected), Value::F32(found)) => matches_f32(expected, found),
        (WastRetCore::F64(expected), Value::F64(found)) => matches_f64(expected, found),
        (WastRetCore::V128(expected), Value::V128(found)) => matches_v128(expected, found),
        (WastRetCore::RefNull(None), Value::FuncRef(None) | Value::ExternRef(None)) => true,
        (WastRetCore::RefNull(Some(ty)), found) => null(ty) == Some(found),
        (WastRetCore::RefExtern(None), Value::ExternRef(Some(_))) => true,
        (WastRetCore::RefExtern(Some(expected)), found) => {
            found == Value::ExternRef(Some(*expected))
        }
        (WastRetCore::RefHost(expected), found) => found == Value::ExternRef(Some(*expected)),
        (WastRetCore::RefFunc(None), Value::FuncRef(Some(_))) => true,
        (WastRetCore::Either(any), found) => any.iter().any(|expected| matches(expected, found)),
        _ => false,
    }
}

/// A canonical NaN has only the quiet bit in its payload, an arithmetic one at least that
/// (core specification, "NaN Propagation"). Signs are free.
fn matches_f32(expected: &NanPattern<F32>, found: u32) -> bool {
    const QUIET: u32 = 0x7fc0_0000;
    match expected {
        NanPattern::CanonicalNan => found & 0x7fff_ffff == QUIET,
        NanPattern::ArithmeticNan => found & QUIET == QUIET,
        NanPattern::Value(expected) => expected.bits == found,
    }
}

fn matches_f64(expected: &NanPattern<F64>, found: u64) -> bool {
    const QUIET: u64 = 0x7ff8_0000_0000_0000;
    match expected {
        NanPattern::CanonicalNan => found & (u64::MAX >> 1) == QUIET,
        NanPattern::ArithmeticNan => found & QUIET == QUIET,
        NanPattern::Value(expected) => expected.bits == found,
    }
}

fn matches_v128(expected: &V128Pattern, found: [u8; 16]) -> bool {
    match expected {
        V128Pattern::I8x16(lanes) => lanes.map(|lane| lane as u8) == found,
        V128Pattern::I16x8(expected) => {
            lanes(&found).zip(expected).all(|(found, lane)| i16::from_le_bytes(found) == *lane)
        }
        V128Pattern::I32x4(expected) => {
            lanes(&found).zip(expected).all(|(found, lane)| i32::from_le_bytes(found) == *lane)
        }
        V128Pattern::I64x2(expected) => {
            lanes(&found).zip(expected).all(|(found, lane)| i64::from_le_bytes(found) == *lane)
        }
        V128Pattern::F32x4(expected) => lanes(&found)
            .zip(expected)
            .all(|(found, lane)| matches_f32(lane, u32::from_le_bytes(found))),
        V128Pattern::F64x2(expected) => lanes(&found)
            .zip(expected)
            .all(|(found, lane)| matches_f64(lane, u64::from_le_bytes(found))),
    }
}

/// The lanes of `N` bytes, the lowest first.
fn lanes<const N: usize>(vector: &[u8; 16]) -> impl Iterator<Item = [u8; N]> {
    let (lanes, _) = vector.as_chunks::<N>();
    lanes.iter().copied()
}
