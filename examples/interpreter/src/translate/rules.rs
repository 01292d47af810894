//! Rules about operations: opposites, mirror images, commutativity.

use crate::ir::{BinOp, CmpOp};

impl CmpOp {
    /// The comparison that holds exactly when this one does not. Floats have none, because of NaN.
    pub(crate) fn opposite(self) -> Option<Self> {
        Some(match self {
            Self::I32Eq => Self::I32Ne,
            Self::I32Ne => Self::I32Eq,
            Self::I32LtS => Self::I32GeS,
            Self::I32LtU => Self::I32GeU,
            Self::I32GtS => Self::I32LeS,
            Self::I32GtU => Self::I32LeU,
            Self::I32LeS => Self::I32GtS,
            Self::I32LeU => Self::I32GtU,
            Self::I32GeS => Self::I32LtS,
            Self::I32GeU => Self::I32LtU,
            Self::I64Eq => Self::I64Ne,
            Self::I64Ne => Self::I64Eq,
            Self::I64LtS => Self::I64GeS,
            Self::I64LtU => Self::I64GeU,
            Self::I64GtS => Self::I64LeS,
            Self::I64GtU => Self::I64LeU,
            Self::I64LeS => Self::I64GtS,
            Self::I64LeU => Self::I64GtU,
            Self::I64GeS => Self::I64LtS,
            Self::I64GeU => Self::I64LtU,
            Self::I32Test => Self::I32TestZ,
            Self::I32TestZ => Self::I32Test,
            Self::I64Test => Self::I64TestZ,
            Self::I64TestZ => Self::I64Test,
            _ => return None,
        })
    }

    /// The comparison with the same result for exchanged operands.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::I32LtS => Self::I32GtS,
            Self::I32LtU => Self::I32GtU,
            Self::I32GtS => Self::I32LtS,
            Self::I32GtU => Self::I32LtU,
            Self::I32LeS => Self::I32GeS,
            Self::I32LeU => Self::I32GeU,
            Self::I32GeS => Self::I32LeS,
            Self::I32GeU => Self::I32LeU,
            Self::I64LtS => Self::I64GtS,
            Self::I64LtU => Self::I64GtU,
            Self::I64GtS => Self::I64LtS,
            Self::I64GtU => Self::I64LtU,
            Self::I64LeS => Self::I64GeS,
            Self::I64LeU => Self::I64GeU,
            Self::I64GeS => Self::I64LeS,
            Self::I64GeU => Self::I64LeU,
            Self::F32Lt => Self::F32Gt,
            Self::F32Gt => Self::F32Lt,
            Self::F32Le => Self::F32Ge,
            Self::F32Ge => Self::F32Le,
            Self::F64Lt => Self::F64Gt,
            Self::F64Gt => Self::F64Lt,
            Self::F64Le => Self::F64Ge,
            Self::F64Ge => Self::F64Le,
            symmetric => symmetric,
        }
    }

    /// Whether the operands are `i64`.
    pub(crate) fn is_wide(self) -> bool {
        matches!(
            self,
            Self::I64Eq
                | Self::I64Ne
                | Self::I64LtS
                | Self::I64LtU
                | Self::I64GtS
                | Self::I64GtU
                | Self::I64LeS
                | Self::I64LeU
                | Self::I64GeS
                | Self::I64GeU
                | Self::I64Test
                | Self::I64TestZ
        )
    }

    /// Whether the operands are floats.
    pub(crate) fn is_float(self) -> bool {
        matches!(
            self,
            Self::F32Eq
                | Self::F32Ne
                | Self::F32Lt
                | Self::F32Gt
                | Self::F32Le
                | Self::F32Ge
                | Self::F64Eq
                | Self::F64Ne
                | Self::F64Lt
                | Self::F64Gt
                | Self::F64Le
                | Self::F64Ge
        )
    }
}

impl BinOp {
    /// Whether exchanging the operands changes nothing. `false` for floats: their NaN payloads may
    /// differ, which the specification allows, but the result would depend on the translation.
    pub(crate) fn commutes(self) -> bool {
        matches!(
            self,
            Self::I32Add
                | Self::I32Mul
                | Self::I32And
                | Self::I32Or
                | Self::I32Xor
                | Self::I64Add
                | Self::I64Mul
                | Self::I64And
                | Self::I64Or
                | Self::I64Xor
        )
    }

    /// Subtraction of a constant is addition of its negative.
    pub(crate) fn of_negated(self) -> Option<Self> {
        match self {
            Self::I32Sub => Some(Self::I32Add),
            Self::I64Sub => Some(Self::I64Add),
            _ => None,
        }
    }
}
