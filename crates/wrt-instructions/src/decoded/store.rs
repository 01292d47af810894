//! Stores as values.

use wrt_runtime::{GuestMemory, IndexType};

use super::{ExecuteError, opcodes};
use crate::address::{Address, InvalidOperation, MemArg};
use crate::for_each_memory_instruction;
use crate::typed;
use crate::v128::V128;
use crate::value::{F32, F64, Typed, Value, ValueType};

/// A store with its immediates.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryStore {
    op: StoreOp,
    memarg: MemArg,
}

impl MemoryStore {
    /// A store to a memory with addresses of type `index`.
    ///
    /// # Errors
    ///
    /// When the alignment hint exceeds the size of the access, or the offset the address range.
    pub const fn new(
        op: StoreOp,
        memarg: MemArg,
        index: IndexType,
    ) -> Result<Self, InvalidOperation> {
        match memarg.validate(op.access_size(), index) {
            Ok(memarg) => Ok(Self { op, memarg }),
            Err(error) => Err(error),
        }
    }

    /// The store instruction.
    #[must_use]
    pub const fn op(&self) -> StoreOp {
        self.op
    }

    /// The immediates.
    #[must_use]
    pub const fn memarg(&self) -> MemArg {
        self.memarg
    }
}

/// The operand in a value, which must have its type.
fn operand<T: Typed>(value: Value) -> Result<T, ExecuteError> {
    let found = value.value_type();
    T::from_value(value).ok_or(ExecuteError::Operand { expected: T::TYPE, found })
}

macro_rules! stores {
    (
        loads $loads:tt
        stores { $(($variant:ident, $function:ident, $text:literal, $opcode:tt, $bytes:literal,
            $operand:ident, $semantics:tt);)* }
        $($rest:tt)*
    ) => {
        opcodes! {
            /// A scalar or vector store.
            StoreOp { $(($variant, $text, $opcode, $bytes);)* }
        }

        impl StoreOp {
            /// The type of the operand.
            #[must_use]
            pub const fn operand_type(self) -> ValueType {
                match self { $(Self::$variant => <$operand as Typed>::TYPE,)* }
            }
        }

        impl MemoryStore {
            /// Stores `value` at `address` plus the static offset.
            ///
            /// # Errors
            ///
            /// A trap unless all bytes lie within the memory; an error if `value` has the wrong
            /// type. In both cases nothing is written.
            #[inline]
            pub fn execute<M: GuestMemory, A: Address>(
                &self,
                memory: &mut M,
                address: A,
                value: Value,
            ) -> Result<(), ExecuteError> {
                match self.op {
                    $(StoreOp::$variant => {
                        let operand = operand::<$operand>(value)?;
                        Ok(typed::$function(memory, self.memarg, address, operand)?)
                    })*
                }
            }
        }
    };
}

for_each_memory_instruction!(stores);
