//! The memory instructions, taken from the table of `wrt-instructions`.
//!
//! No semantics are repeated here: every row becomes a marker type that calls the typed function of
//! the same row.

use wasmparser::Operator;
use wrt_instructions::{Address, F32, F64, MemArg, V128, for_each_memory_instruction};
use wrt_runtime::{GuestMemory, Trap};

use crate::exec::{Regs, get, set};
use crate::ir::all;

/// A value of an instruction, as stored in slots.
pub(crate) trait Slots: Copy {
    /// Whether it takes two slots.
    const WIDE: bool = false;
    fn put(self, regs: &Regs, slot: u16);
    fn take(regs: &Regs, slot: u16) -> Self;
    /// The value of the 16 bits that a store may have in place of a slot, sign-extended.
    fn short(bits: u16) -> Self;
}

macro_rules! slots {
    ($ty:ty, $value:ident => $into:expr, $bits:ident => $from:expr) => {
        impl Slots for $ty {
            #[inline(always)]
            fn put(self, regs: &Regs, slot: u16) {
                let $value = self;
                set(regs, slot, $into);
            }
            #[inline(always)]
            fn take(regs: &Regs, slot: u16) -> Self {
                let $bits = get(regs, slot);
                $from
            }
            #[inline(always)]
            fn short(bits: u16) -> Self {
                let $bits = i64::from(bits.cast_signed()).cast_unsigned();
                $from
            }
        }
    };
}
slots!(i32, value => u64::from(value.cast_unsigned()), bits => bits as i32);
slots!(i64, value => value.cast_unsigned(), bits => bits.cast_signed());
slots!(F32, value => u64::from(value.to_bits()), bits => Self::from_bits(bits as u32));
slots!(F64, value => value.to_bits(), bits => Self::from_bits(bits));

impl Slots for V128 {
    const WIDE: bool = true;

    #[inline(always)]
    fn put(self, regs: &Regs, slot: u16) {
        let bits = u128::from_le_bytes(self.0);
        set(regs, slot, bits as u64);
        set(regs, slot.wrapping_add(1), (bits >> 64) as u64);
    }
    #[inline(always)]
    fn take(regs: &Regs, slot: u16) -> Self {
        let (low, high) = (get(regs, slot), get(regs, slot.wrapping_add(1)));
        Self((u128::from(low) | u128::from(high) << 64).to_le_bytes())
    }
    #[inline(always)]
    fn short(bits: u16) -> Self {
        Self(u128::from(bits).to_le_bytes())
    }
}

/// One load.
pub(crate) trait LoadRow {
    /// Bytes accessed.
    const BYTES: u32;
    type Value: Slots;
    fn load<M: GuestMemory, A: Address>(
        memory: &M,
        at: MemArg,
        address: A,
    ) -> Result<Self::Value, Trap>;
}

/// One store.
pub(crate) trait StoreRow {
    /// Bytes accessed.
    const BYTES: u32;
    type Value: Slots;
    fn store<M: GuestMemory, A: Address>(
        memory: &mut M,
        at: MemArg,
        address: A,
        value: Self::Value,
    ) -> Result<(), Trap>;
}

/// One load of a lane.
pub(crate) trait LaneLoadRow {
    fn load<M: GuestMemory, A: Address>(
        memory: &M,
        at: MemArg,
        address: A,
        lane: u8,
        vector: V128,
    ) -> Result<V128, Trap>;
}

/// One store of a lane.
pub(crate) trait LaneStoreRow {
    fn store<M: GuestMemory, A: Address>(
        memory: &mut M,
        at: MemArg,
        address: A,
        lane: u8,
        vector: V128,
    ) -> Result<(), Trap>;
}

macro_rules! op_enum {
    ($(#[$doc:meta])* $op:ident, $markers:ident, $(($name:ident, $bytes:expr))*) => {
        all!($op: $($name)*);
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names, reason = "the names are those of the instructions")]
        pub(crate) enum $op { $($name,)* }
        /// The typed function of each.
        pub(crate) mod $markers { $(pub(crate) struct $name;)* }
        impl $op {
            /// Bytes accessed.
            pub(crate) fn bytes(self) -> u64 {
                match self { $(Self::$name => $bytes,)* }
            }
        }
    };
}

macro_rules! rows {
    (
        loads { $(($load:ident, $load_fn:ident, $load_text:tt, $load_opcode:tt, $load_bytes:expr, $result:ident, $load_how:tt);)* }
        stores { $(($store:ident, $store_fn:ident, $store_text:tt, $store_opcode:tt, $store_bytes:expr, $operand:ident, $store_how:tt);)* }
        lane_loads { $(($get:ident, $get_fn:ident, $get_text:tt, $get_opcode:tt, $get_bytes:expr, $get_how:tt);)* }
        lane_stores { $(($put:ident, $put_fn:ident, $put_text:tt, $put_opcode:tt, $put_bytes:expr, $put_how:tt);)* }
        $($rest:tt)*
    ) => {
        op_enum!(/** A load. */ LoadOp, load, $(($load, $load_bytes))*);
        op_enum!(/** A store. */ StoreOp, store, $(($store, $store_bytes))*);
        op_enum!(/** A load of a lane. */ LaneLoadOp, lane_load, $(($get, $get_bytes))*);
        op_enum!(/** A store of a lane. */ LaneStoreOp, lane_store, $(($put, $put_bytes))*);

        impl LoadOp {
            /// Whether the result takes two slots.
            pub(crate) fn is_wide(self) -> bool {
                match self { $(Self::$load => <$result as Slots>::WIDE,)* }
            }
        }

        $(impl LoadRow for load::$load {
            const BYTES: u32 = $load_bytes;
            type Value = $result;
            #[inline(always)]
            fn load<M: GuestMemory, A: Address>(memory: &M, at: MemArg, address: A) -> Result<$result, Trap> {
                wrt_instructions::$load_fn(memory, at, address)
            }
        })*
        $(impl StoreRow for store::$store {
            const BYTES: u32 = $store_bytes;
            type Value = $operand;
            #[inline(always)]
            fn store<M: GuestMemory, A: Address>(memory: &mut M, at: MemArg, address: A, value: $operand) -> Result<(), Trap> {
                wrt_instructions::$store_fn(memory, at, address, value)
            }
        })*
        $(impl LaneLoadRow for lane_load::$get {
            fn load<M: GuestMemory, A: Address>(memory: &M, at: MemArg, address: A, lane: u8, vector: V128) -> Result<V128, Trap> {
                wrt_instructions::$get_fn(memory, at, address, lane, vector)
            }
        })*
        $(impl LaneStoreRow for lane_store::$put {
            fn store<M: GuestMemory, A: Address>(memory: &mut M, at: MemArg, address: A, lane: u8, vector: V128) -> Result<(), Trap> {
                wrt_instructions::$put_fn(memory, at, address, lane, vector)
            }
        })*

        /// The memory access of an operator, if it is one.
        pub(crate) fn access(operator: &Operator<'_>) -> Option<(Access, wasmparser::MemArg)> {
            Some(match operator {
                $(Operator::$load { memarg } => (Access::Load(LoadOp::$load), *memarg),)*
                $(Operator::$store { memarg } => (Access::Store(StoreOp::$store), *memarg),)*
                $(Operator::$get { memarg, lane } => (Access::LaneLoad(LaneLoadOp::$get, *lane), *memarg),)*
                $(Operator::$put { memarg, lane } => (Access::LaneStore(LaneStoreOp::$put, *lane), *memarg),)*
                _ => return None,
            })
        }
    };
}
for_each_memory_instruction!(rows);

/// A load or a store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    Load(LoadOp),
    Store(StoreOp),
    /// With the lane's index.
    LaneLoad(LaneLoadOp, u8),
    /// With the lane's index.
    LaneStore(LaneStoreOp, u8),
}
