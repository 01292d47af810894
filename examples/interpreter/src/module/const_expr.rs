//! Constant expressions: the offsets of segments, the initial values of globals.

use wasmparser::Operator;

use crate::error::LoadError;
use crate::instruction::name;

/// A constant expression, in postfix order.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConstExpr {
    pub(crate) ops: Vec<ConstOp>,
}

/// One step of a constant expression.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ConstOp {
    /// A value, as stored in slots.
    Value([u64; 2]),
    Global(u32),
    /// A reference to a function of the module.
    Func(u32),
    I32(Arithmetic),
    I64(Arithmetic),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Arithmetic {
    Add,
    Sub,
    Mul,
}

impl ConstExpr {
    pub(crate) fn read(expr: &wasmparser::ConstExpr<'_>) -> Result<Self, LoadError> {
        let mut reader = expr.get_operators_reader();
        let mut ops = Vec::new();
        while !reader.eof() {
            let offset = reader.original_position();
            let operator = reader.read().map_err(LoadError::malformed)?;
            if let Some(op) = step(&operator, offset)? {
                ops.push(op);
            }
        }
        Ok(Self { ops })
    }

    /// The value, given how to find globals and references to functions.
    pub(crate) fn eval(
        &self,
        global: impl Fn(u32) -> [u64; 2],
        func: impl Fn(u32) -> u64,
    ) -> [u64; 2] {
        let mut stack: Vec<[u64; 2]> = Vec::new();
        for op in &self.ops {
            let value = match *op {
                ConstOp::Value(value) => value,
                ConstOp::Global(index) => global(index),
                ConstOp::Func(index) => [func(index), 0],
                ConstOp::I32(arithmetic) => {
                    let (x, y) = operands(&mut stack);
                    [u64::from(arithmetic.apply(x, y) as u32), 0]
                }
                ConstOp::I64(arithmetic) => {
                    let (x, y) = operands(&mut stack);
                    [arithmetic.apply(x, y), 0]
                }
            };
            stack.push(value);
        }
        stack.pop().unwrap_or_default()
    }
}

fn operands(stack: &mut Vec<[u64; 2]>) -> (u64, u64) {
    let [y, _] = stack.pop().unwrap_or_default();
    let [x, _] = stack.pop().unwrap_or_default();
    (x, y)
}

impl Arithmetic {
    /// In 64 bits; the lower 32 are those of the 32-bit operation.
    fn apply(self, x: u64, y: u64) -> u64 {
        match self {
            Self::Add => x.wrapping_add(y),
            Self::Sub => x.wrapping_sub(y),
            Self::Mul => x.wrapping_mul(y),
        }
    }
}

fn step(operator: &Operator<'_>, offset: u64) -> Result<Option<ConstOp>, LoadError> {
    Ok(Some(match operator {
        Operator::I32Const { value } => ConstOp::Value([u64::from(value.cast_unsigned()), 0]),
        Operator::I64Const { value } => ConstOp::Value([value.cast_unsigned(), 0]),
        Operator::F32Const { value } => ConstOp::Value([u64::from(value.bits()), 0]),
        Operator::F64Const { value } => ConstOp::Value([value.bits(), 0]),
        Operator::V128Const { value } => {
            let bits = u128::from_le_bytes(*value.bytes());
            ConstOp::Value([bits as u64, (bits >> 64) as u64])
        }
        Operator::RefNull { .. } => ConstOp::Value([0, 0]),
        Operator::RefFunc { function_index } => ConstOp::Func(*function_index),
        Operator::GlobalGet { global_index } => ConstOp::Global(*global_index),
        Operator::I32Add => ConstOp::I32(Arithmetic::Add),
        Operator::I32Sub => ConstOp::I32(Arithmetic::Sub),
        Operator::I32Mul => ConstOp::I32(Arithmetic::Mul),
        Operator::I64Add => ConstOp::I64(Arithmetic::Add),
        Operator::I64Sub => ConstOp::I64(Arithmetic::Sub),
        Operator::I64Mul => ConstOp::I64(Arithmetic::Mul),
        Operator::End => return Ok(None),
        other => {
            let what = format!("instruction {} in a constant expression", name(other));
            return Err(LoadError::unsupported(what, offset));
        }
    }))
}
