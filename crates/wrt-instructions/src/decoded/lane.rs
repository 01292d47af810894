//! Loads and stores of one lane of a vector, as values.

use wrt_runtime::{GuestMemory, IndexType, Trap};

use super::opcodes;
use crate::address::{Address, InvalidOperation, MemArg};
use crate::for_each_memory_instruction;
use crate::typed;
use crate::v128::V128;

/// Declares the operation of one section: its struct, its constructor and its accessors.
macro_rules! lane_operation {
    ($(#[$doc:meta])* $name:ident of $op:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub struct $name {
            op: $op,
            memarg: MemArg,
            lane: u8,
        }

        impl $name {
            /// The operation on lane `lane` and a memory with addresses of type `index`.
            ///
            /// # Errors
            ///
            /// When the vector has no such lane, the alignment hint exceeds the size of the
            /// access, or the offset the address range.
            pub const fn new(
                op: $op,
                memarg: MemArg,
                lane: u8,
                index: IndexType,
            ) -> Result<Self, InvalidOperation> {
                let lanes = 16 / op.access_size() as u8;
                if lane >= lanes {
                    return Err(InvalidOperation::Lane { lane, lanes });
                }
                match memarg.validate(op.access_size(), index) {
                    Ok(memarg) => Ok(Self { op, memarg, lane }),
                    Err(error) => Err(error),
                }
            }

            /// The instruction.
            #[must_use]
            pub const fn op(&self) -> $op {
                self.op
            }

            /// The immediates.
            #[must_use]
            pub const fn memarg(&self) -> MemArg {
                self.memarg
            }

            /// The lane.
            #[must_use]
            pub const fn lane(&self) -> u8 {
                self.lane
            }
        }
    };
}

lane_operation! {
    /// A load into one lane of a vector.
    MemoryLoadLane of LaneLoadOp
}

lane_operation! {
    /// A store of one lane of a vector.
    MemoryStoreLane of LaneStoreOp
}

macro_rules! lanes {
    (
        loads $loads:tt
        stores $stores:tt
        lane_loads { $(($load:ident, $load_fn:ident, $load_text:literal, $load_opcode:tt,
            $load_bytes:literal, $load_semantics:tt);)* }
        lane_stores { $(($store:ident, $store_fn:ident, $store_text:literal, $store_opcode:tt,
            $store_bytes:literal, $store_semantics:tt);)* }
        bulk $bulk:tt
    ) => {
        opcodes! {
            /// A load into one lane.
            LaneLoadOp { $(($load, $load_text, $load_opcode, $load_bytes);)* }
        }

        opcodes! {
            /// A store of one lane.
            LaneStoreOp { $(($store, $store_text, $store_opcode, $store_bytes);)* }
        }

        impl MemoryLoadLane {
            /// Loads from `address` plus the static offset into the lane of `vector`.
            ///
            /// # Errors
            ///
            /// [`Trap::OutOfBounds`] unless all bytes lie within the memory.
            #[inline]
            pub fn execute<M: GuestMemory, A: Address>(
                &self,
                memory: &M,
                address: A,
                vector: V128,
            ) -> Result<V128, Trap> {
                match self.op {
                    $(LaneLoadOp::$load => {
                        typed::$load_fn(memory, self.memarg, address, self.lane, vector)
                    })*
                }
            }
        }

        impl MemoryStoreLane {
            /// Stores the lane of `vector` at `address` plus the static offset.
            ///
            /// # Errors
            ///
            /// [`Trap::OutOfBounds`] unless all bytes lie within the memory; in that case none is
            /// written.
            #[inline]
            pub fn execute<M: GuestMemory, A: Address>(
                &self,
                memory: &mut M,
                address: A,
                vector: V128,
            ) -> Result<(), Trap> {
                match self.op {
                    $(LaneStoreOp::$store => {
                        typed::$store_fn(memory, self.memarg, address, self.lane, vector)
                    })*
                }
            }
        }
    };
}

for_each_memory_instruction!(lanes);
