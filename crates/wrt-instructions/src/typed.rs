//! One function for each load and store, for runtimes with their own dispatch.

use wrt_runtime::{GuestMemory, Trap};

use crate::address::{Address, MemArg};
use crate::for_each_memory_instruction;
use crate::semantics::{extend, load_lane, splat, store_lane, widen, wrap, zero};
use crate::v128::V128;
use crate::value::{F32, F64};

macro_rules! typed_functions {
    (
        loads { $(($load:ident, $load_fn:ident, $load_text:literal, $load_op:tt, $load_bytes:literal,
            $result:ident, {$load_semantics:expr});)* }
        stores { $(($store:ident, $store_fn:ident, $store_text:literal, $store_op:tt,
            $store_bytes:literal, $operand:ident, {$store_semantics:expr});)* }
        lane_loads { $(($lane_load:ident, $lane_load_fn:ident, $lane_load_text:literal,
            $lane_load_op:tt, $lane_load_bytes:literal, {$lane_load_semantics:expr});)* }
        lane_stores { $(($lane_store:ident, $lane_store_fn:ident, $lane_store_text:literal,
            $lane_store_op:tt, $lane_store_bytes:literal, {$lane_store_semantics:expr});)* }
        bulk { $($bulk:tt)* }
    ) => {
        $(
            #[doc = concat!("`", $load_text, "`: loads ", $load_bytes, " bytes at `address` plus the static offset.")]
            ///
            /// # Errors
            ///
            /// [`Trap::OutOfBounds`] unless all bytes lie within the memory.
            #[inline(always)]
            pub fn $load_fn<M: GuestMemory, A: Address>(
                memory: &M,
                memarg: MemArg,
                address: A,
            ) -> Result<$result, Trap> {
                $load_semantics(memory, address.effective(memarg.byte_offset()))
            }
        )*
        $(
            #[doc = concat!("`", $store_text, "`: stores ", $store_bytes, " bytes at `address` plus the static offset.")]
            ///
            /// # Errors
            ///
            /// [`Trap::OutOfBounds`] unless all bytes lie within the memory; in that case none is written.
            #[inline(always)]
            pub fn $store_fn<M: GuestMemory, A: Address>(
                memory: &mut M,
                memarg: MemArg,
                address: A,
                value: $operand,
            ) -> Result<(), Trap> {
                $store_semantics(memory, address.effective(memarg.byte_offset()), value)
            }
        )*
        $(
            #[doc = concat!("`", $lane_load_text, "`: loads ", $lane_load_bytes, " bytes into a lane of `vector`; the lane index wraps at the number of lanes.")]
            ///
            /// # Errors
            ///
            /// [`Trap::OutOfBounds`] unless all bytes lie within the memory.
            #[inline(always)]
            pub fn $lane_load_fn<M: GuestMemory, A: Address>(
                memory: &M,
                memarg: MemArg,
                address: A,
                lane: u8,
                vector: V128,
            ) -> Result<V128, Trap> {
                $lane_load_semantics(memory, address.effective(memarg.byte_offset()), lane, vector)
            }
        )*
        $(
            #[doc = concat!("`", $lane_store_text, "`: stores ", $lane_store_bytes, " bytes from a lane of `vector`; the lane index wraps at the number of lanes.")]
            ///
            /// # Errors
            ///
            /// [`Trap::OutOfBounds`] unless all bytes lie within the memory; in that case none is written.
            #[inline(always)]
            pub fn $lane_store_fn<M: GuestMemory, A: Address>(
                memory: &mut M,
                memarg: MemArg,
                address: A,
                lane: u8,
                vector: V128,
            ) -> Result<(), Trap> {
                $lane_store_semantics(memory, address.effective(memarg.byte_offset()), lane, vector)
            }
        )*
    };
}

for_each_memory_instruction!(typed_functions);
