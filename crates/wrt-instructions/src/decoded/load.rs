//! Loads as values.

use wrt_runtime::{GuestMemory, IndexType, Trap};

use super::opcodes;
use crate::address::{Address, InvalidOperation, MemArg};
use crate::for_each_memory_instruction;
use crate::typed;
use crate::v128::V128;
use crate::value::{F32, F64, Typed, Value, ValueType};

/// A load with its immediates.
///
/// ```
/// use wrt_instructions::{LoadOp, MemArg, MemoryLoad, Value};
/// use wrt_runtime::{IndexType, LinearMemory, MemoryType};
/// use wrt_runtime::wrt_platform::HeapAllocator;
///
/// let mut memory = LinearMemory::new(HeapAllocator::new(), MemoryType::wasm32(1, None)?)?;
/// memory.write(16, &[0xFE, 0xFF])?;
/// let load = MemoryLoad::new(LoadOp::I32Load16S, MemArg::new(6, 1, 0), IndexType::I32)?;
/// assert_eq!(load.execute(&memory, 10_u32)?, Value::I32(-2));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryLoad {
    op: LoadOp,
    memarg: MemArg,
}

impl MemoryLoad {
    /// A load from a memory with addresses of type `index`.
    ///
    /// # Errors
    ///
    /// When the alignment hint exceeds the size of the access, or the offset the address range.
    pub const fn new(
        op: LoadOp,
        memarg: MemArg,
        index: IndexType,
    ) -> Result<Self, InvalidOperation> {
        match memarg.validate(op.access_size(), index) {
            Ok(memarg) => Ok(Self { op, memarg }),
            Err(error) => Err(error),
        }
    }

    /// The load instruction.
    #[must_use]
    pub const fn op(&self) -> LoadOp {
        self.op
    }

    /// The immediates.
    #[must_use]
    pub const fn memarg(&self) -> MemArg {
        self.memarg
    }
}

macro_rules! loads {
    (
        loads { $(($variant:ident, $function:ident, $text:literal, $opcode:tt, $bytes:literal,
            $result:ident, $semantics:tt);)* }
        $($rest:tt)*
    ) => {
        opcodes! {
            /// A scalar or vector load.
            LoadOp { $(($variant, $text, $opcode, $bytes);)* }
        }

        impl LoadOp {
            /// The type of the result.
            #[must_use]
            pub const fn result_type(self) -> ValueType {
                match self { $(Self::$variant => <$result as Typed>::TYPE,)* }
            }
        }

        impl MemoryLoad {
            /// Loads from `address` plus the static offset.
            ///
            /// # Errors
            ///
            /// [`Trap::OutOfBounds`] unless all bytes lie within the memory.
            #[inline]
            pub fn execute<M: GuestMemory, A: Address>(
                &self,
                memory: &M,
                address: A,
            ) -> Result<Value, Trap> {
                match self.op {
                    $(LoadOp::$variant => {
                        typed::$function(memory, self.memarg, address).map(Typed::into_value)
                    })*
                }
            }
        }
    };
}

for_each_memory_instruction!(loads);
