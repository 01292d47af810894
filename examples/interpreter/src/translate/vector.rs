//! Vector instructions that do not access memory. They take their operands from consecutive slots
//! and leave their result there.

use wasmparser::Operator;

use super::Translator;
use crate::ir::{Code, Op};
use crate::simd::{
    SimdBin, SimdExtract, SimdOp, SimdReplace, SimdShift, SimdSplat, SimdTest, SimdUn,
    for_each_simd_bin, for_each_simd_extract, for_each_simd_replace, for_each_simd_shift,
    for_each_simd_splat, for_each_simd_test, for_each_simd_un,
};
use crate::types::ValType;

macro_rules! plain_rows {
    ($function:ident, $kind:ident, $op:ident, $($name:ident)*) => {
        fn $function(operator: &Operator<'_>) -> Option<SimdOp> {
            match operator { $(Operator::$name => Some(SimdOp::$kind($op::$name)),)* _ => None }
        }
    };
}

macro_rules! lane_rows {
    ($function:ident, $kind:ident, $op:ident, $($name:ident)*) => {
        fn $function(operator: &Operator<'_>) -> Option<(SimdOp, u8)> {
            match operator { $(Operator::$name { lane } => Some((SimdOp::$kind($op::$name), *lane)),)* _ => None }
        }
    };
}

macro_rules! bin_rows { ($($name:ident($($shape:tt)*) => |$x:ident, $y:ident| $value:expr;)*) => { plain_rows!(bin_row, Bin, SimdBin, $($name)*); } }
macro_rules! un_rows { ($($name:ident($($shape:tt)*) => |$x:ident| $value:expr;)*) => { plain_rows!(un_row, Un, SimdUn, $($name)*); } }
macro_rules! shift_rows { ($($name:ident($($shape:tt)*) => |$x:ident, $y:ident| $value:expr;)*) => { plain_rows!(shift_row, Shift, SimdShift, $($name)*); } }
macro_rules! test_rows { ($($name:ident($($shape:tt)*);)*) => { plain_rows!(test_row, Test, SimdTest, $($name)*); } }
macro_rules! splat_rows { ($($name:ident($($shape:tt)*);)*) => { plain_rows!(splat_row, Splat, SimdSplat, $($name)*); } }
macro_rules! extract_rows { ($($name:ident($($shape:tt)*) => $wide:ty;)*) => { lane_rows!(extract_row, Extract, SimdExtract, $($name)*); } }
macro_rules! replace_rows { ($($name:ident($($shape:tt)*);)*) => { lane_rows!(replace_row, Replace, SimdReplace, $($name)*); } }
for_each_simd_bin!(bin_rows);
for_each_simd_un!(un_rows);
for_each_simd_shift!(shift_rows);
for_each_simd_test!(test_rows);
for_each_simd_splat!(splat_rows);
for_each_simd_extract!(extract_rows);
for_each_simd_replace!(replace_rows);

/// The operation, its lane, its data, if any.
fn decode(operator: &Operator<'_>) -> Option<(SimdOp, u8, Option<u128>)> {
    let plain = match operator {
        Operator::V128Const { value } => {
            return Some((SimdOp::Const, 0, Some(u128::from_le_bytes(*value.bytes()))));
        }
        Operator::I8x16Shuffle { lanes } => {
            return Some((SimdOp::Shuffle, 0, Some(u128::from_le_bytes(*lanes))));
        }
        Operator::I8x16Swizzle => Some(SimdOp::Swizzle),
        Operator::V128Bitselect => Some(SimdOp::Bitselect),
        Operator::V128AnyTrue => Some(SimdOp::AnyTrue),
        _ => None,
    };
    if let Some((op, lane)) = extract_row(operator).or_else(|| replace_row(operator)) {
        return Some((op, lane, None));
    }
    let op = plain
        .or_else(|| bin_row(operator))
        .or_else(|| un_row(operator))
        .or_else(|| shift_row(operator))
        .or_else(|| test_row(operator))
        .or_else(|| splat_row(operator))?;
    Some((op, 0, None))
}

impl SimdOp {
    /// Number of operands of the operation, and the type of its result.
    fn shape(self) -> (usize, ValType) {
        match self {
            Self::Const => (0, ValType::V128),
            Self::Un(_) | Self::Splat(_) => (1, ValType::V128),
            Self::AnyTrue | Self::Test(_) | Self::Extract(_) => (1, ValType::I64),
            Self::Shuffle | Self::Swizzle | Self::Bin(_) | Self::Shift(_) | Self::Replace(_) => {
                (2, ValType::V128)
            }
            Self::Bitselect => (3, ValType::V128),
        }
    }
}

impl Translator<'_> {
    pub(super) fn vector(&mut self, operator: &Operator<'_>) -> bool {
        let Some((op, lane, data)) = decode(operator) else {
            return false;
        };
        let (operands, result) = op.shape();
        let height = self.stack.len().saturating_sub(operands);
        self.settle(height);
        self.truncate(height);
        let a = self.push_own(result);
        self.emit(Op::new(Code::Simd(op), a, u16::from(lane), 0));
        if let Some(data) = data {
            self.emit(Op::data(data as u64));
            self.emit(Op::data((data >> 64) as u64));
        }
        true
    }
}
