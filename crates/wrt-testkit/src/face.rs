//! Lists of the typed functions of `wrt-instructions`, one entry for each row of its table, for
//! comparison with the decoded operations.

use wrt_instructions::{
    Address, F32, F64, LaneLoadOp, LaneStoreOp, LoadOp, MemArg, StoreOp, V128, Value, ValueType,
    for_each_memory_instruction,
};
use wrt_runtime::{GuestMemory, Trap};

/// The value of type `ty` with these low bits.
pub(crate) fn value_of(ty: ValueType, bits: u128) -> Value {
    match ty {
        ValueType::I32 => i32::from_bits(bits).into(),
        ValueType::I64 => i64::from_bits(bits).into(),
        ValueType::F32 => F32::from_bits(bits as u32).into(),
        ValueType::F64 => F64::from_bits(bits as u64).into(),
        ValueType::V128 => V128::from_bits(bits).into(),
    }
}

/// An operand of the typed functions, made of the low bits of a pattern.
trait Operand {
    fn from_bits(bits: u128) -> Self;
}

macro_rules! operands {
    ($($type:ty: |$bits:ident| $from:expr;)*) => {$(
        impl Operand for $type {
            fn from_bits($bits: u128) -> Self {
                $from
            }
        }
    )*};
}

operands! {
    i32: |bits| bits as Self;
    i64: |bits| bits as Self;
    F32: |bits| Self::from_bits(bits as u32);
    F64: |bits| Self::from_bits(bits as u64);
    V128: |bits| Self(bits.to_le_bytes());
}

/// An opcode with its typed function.
pub(crate) type Load<M, A> = (LoadOp, fn(&M, MemArg, A) -> Result<Value, Trap>);
pub(crate) type Store<M, A> = (StoreOp, fn(&mut M, MemArg, A, u128) -> Result<(), Trap>);
pub(crate) type LaneLoad<M, A> = (LaneLoadOp, fn(&M, MemArg, A, u8, V128) -> Result<V128, Trap>);
pub(crate) type LaneStore<M, A> =
    (LaneStoreOp, fn(&mut M, MemArg, A, u8, V128) -> Result<(), Trap>);

macro_rules! typed_lists {
    (
        loads { $(($load:ident, $load_fn:ident, $load_text:literal, $load_op:tt, $load_bytes:literal,
            $result:ident, $load_semantics:tt);)* }
        stores { $(($store:ident, $store_fn:ident, $store_text:literal, $store_op:tt,
            $store_bytes:literal, $operand:ident, $store_semantics:tt);)* }
        lane_loads { $(($lane_load:ident, $lane_load_fn:ident, $lane_load_text:literal,
            $lane_load_op:tt, $lane_load_bytes:literal, $lane_load_semantics:tt);)* }
        lane_stores { $(($lane_store:ident, $lane_store_fn:ident, $lane_store_text:literal,
            $lane_store_op:tt, $lane_store_bytes:literal, $lane_store_semantics:tt);)* }
        bulk $bulk:tt
    ) => {
        /// Every load with its typed function.
        pub(crate) fn typed_loads<M: GuestMemory, A: Address>() -> Vec<Load<M, A>> {
            vec![$((LoadOp::$load, |memory, memarg, address| {
                wrt_instructions::$load_fn(memory, memarg, address).map(Value::from)
            }),)*]
        }

        /// Every store with its typed function.
        pub(crate) fn typed_stores<M: GuestMemory, A: Address>() -> Vec<Store<M, A>> {
            vec![$((StoreOp::$store, |memory, memarg, address, bits| {
                let operand = <$operand as Operand>::from_bits(bits);
                wrt_instructions::$store_fn(memory, memarg, address, operand)
            }),)*]
        }

        /// Every load of a lane with its typed function.
        pub(crate) fn typed_lane_loads<M: GuestMemory, A: Address>()
        -> Vec<LaneLoad<M, A>> {
            vec![$((LaneLoadOp::$lane_load, wrt_instructions::$lane_load_fn::<M, A>),)*]
        }

        /// Every store of a lane with its typed function.
        pub(crate) fn typed_lane_stores<M: GuestMemory, A: Address>()
        -> Vec<LaneStore<M, A>> {
            vec![$((LaneStoreOp::$lane_store, wrt_instructions::$lane_store_fn::<M, A>),)*]
        }
    };
}

for_each_memory_instruction!(typed_lists);
