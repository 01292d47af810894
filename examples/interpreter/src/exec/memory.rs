//! Scalar loads and stores, and the bulk operations C programs use most.

use wrt_instructions::{MemArg, memory_copy, memory_fill, memory_size};

use super::machine::{Context, get, handlers, leave_end, leave_memory_trap, next, set};
use crate::memory_ops::{LaneLoadRow, LaneStoreRow, LoadRow, Slots, StoreRow};
use wrt_runtime::{GuestMemory, IndexType, Trap};

/// The offset in an operation's immediate.
#[inline(always)]
fn offset(imm: u32) -> MemArg {
    MemArg::offset(u64::from(imm))
}

/// Loads through `$access`, an expression over the memory `$m`.
macro_rules! loaded {
    ($context:ident, $regs:ident, $op:ident, $rest:ident, $memory:ident, |$m:ident| $access:expr) => {{
        let Some($m) = $memory.as_deref() else {
            return leave_end($context);
        };
        match $access {
            Ok(value) => value.put($regs, $op.a),
            Err(trap) => return leave_memory_trap($context, $rest, trap),
        }
        next!($context, $regs, $rest, $memory)
    }};
}

/// Stores through `$access`, an expression over the memory `$m`.
macro_rules! stored {
    ($context:ident, $regs:ident, $op:ident, $rest:ident, $memory:ident, |$m:ident| $access:expr) => {{
        let Some($m) = $memory.as_deref_mut() else {
            return leave_end($context);
        };
        match $access {
            Ok(()) => {}
            Err(trap) => return leave_memory_trap($context, $rest, trap),
        }
        next!($context, $regs, $rest, $memory)
    }};
}

/// The memory at `address` in the store: the one at hand, or one before or after it.
#[inline(always)]
fn pick<'m, M>(
    context: &'m mut Context<'_, M>,
    memory: Option<&'m mut M>,
    address: u32,
) -> Option<&'m mut M> {
    let (before, after) = &mut context.memories;
    let address = address as usize;
    match address.checked_sub(before.len()) {
        None => before.get_mut(address),
        Some(0) => memory,
        Some(beyond) => after.get_mut(beyond - 1),
    }
}

/// Loads from a memory of either index type.
fn load_far<L: LoadRow, M: GuestMemory>(
    memory: &M,
    at: u64,
    address: u64,
) -> Result<L::Value, Trap> {
    match memory.index_type() {
        IndexType::I32 => L::load(memory, MemArg::offset(at), address as u32),
        IndexType::I64 => L::load(memory, MemArg::offset(at), address),
    }
}

/// Stores to a memory of either index type.
fn store_far<S: StoreRow, M: GuestMemory>(
    memory: &mut M,
    at: u64,
    address: u64,
    value: S::Value,
) -> Result<(), Trap> {
    match memory.index_type() {
        IndexType::I32 => S::store(memory, MemArg::offset(at), address as u32, value),
        IndexType::I64 => S::store(memory, MemArg::offset(at), address, value),
    }
}

/// The sum of two addresses, as in `i32.add`.
#[inline(always)]
fn sum(x: u64, y: u64) -> u32 {
    (x as u32).wrapping_add(y as u32)
}

/// An index times the size of its elements, as in `i32.shl`.
#[inline(always)]
fn scaled(index: u64, bytes: u32) -> u32 {
    (index as u32).wrapping_mul(bytes)
}

handlers! {
    fn load_near<L: LoadRow>(context, regs, op, rest, memory) {
        loaded!(context, regs, op, rest, memory, |m| L::load(m, offset(op.imm), get(regs, op.b) as u32))
    }

    fn load_sum<L: LoadRow>(context, regs, op, rest, memory) {
        loaded!(context, regs, op, rest, memory, |m| {
            L::load(m, offset(u32::from(op.d())), sum(get(regs, op.b), get(regs, op.c())))
        })
    }

    fn load_added<L: LoadRow>(context, regs, op, rest, memory) {
        loaded!(context, regs, op, rest, memory, |m| {
            L::load(m, offset(0), sum(get(regs, op.b), u64::from(op.imm)))
        })
    }

    fn load_index<L: LoadRow>(context, regs, op, rest, memory) {
        loaded!(context, regs, op, rest, memory, |m| L::load(m, offset(op.imm), scaled(get(regs, op.b), L::BYTES)))
    }

    fn load_sum_index<L: LoadRow>(context, regs, op, rest, memory) {
        loaded!(context, regs, op, rest, memory, |m| {
            let address = scaled(get(regs, op.b), L::BYTES).wrapping_add(get(regs, op.c()) as u32);
            L::load(m, offset(u32::from(op.d())), address)
        })
    }

    fn load_at<L: LoadRow>(context, regs, op, rest, memory) {
        loaded!(context, regs, op, rest, memory, |m| L::load(m, offset(op.imm), 0_u32))
    }

    fn load_near64<L: LoadRow>(context, regs, op, rest, memory) {
        loaded!(context, regs, op, rest, memory, |m| L::load(m, offset(op.imm), get(regs, op.b)))
    }

    fn load_other<L: LoadRow>(context, regs, op, rest, memory) {
        let Some(data) = rest.next() else {
            return leave_end(context);
        };
        let Some(other) = pick(context, memory.as_deref_mut(), op.imm) else {
            return leave_end(context);
        };
        match load_far::<L, M>(other, data.bits(), get(regs, op.b)) {
            Ok(value) => value.put(regs, op.a),
            Err(trap) => return leave_memory_trap(context, rest, trap),
        }
        next!(context, regs, rest, memory)
    }

    fn store_near<S: StoreRow>(context, regs, op, rest, memory) {
        stored!(context, regs, op, rest, memory, |m| {
            S::store(m, offset(op.imm), get(regs, op.b) as u32, Slots::take(regs, op.a))
        })
    }

    fn store_near_imm<S: StoreRow>(context, regs, op, rest, memory) {
        stored!(context, regs, op, rest, memory, |m| {
            S::store(m, offset(op.imm), get(regs, op.b) as u32, Slots::short(op.a))
        })
    }

    fn store_sum<S: StoreRow>(context, regs, op, rest, memory) {
        stored!(context, regs, op, rest, memory, |m| {
            let address = sum(get(regs, op.b), get(regs, op.c()));
            S::store(m, offset(u32::from(op.d())), address, Slots::take(regs, op.a))
        })
    }

    fn store_added<S: StoreRow>(context, regs, op, rest, memory) {
        stored!(context, regs, op, rest, memory, |m| {
            S::store(m, offset(0), sum(get(regs, op.b), u64::from(op.imm)), Slots::take(regs, op.a))
        })
    }

    fn store_index<S: StoreRow>(context, regs, op, rest, memory) {
        stored!(context, regs, op, rest, memory, |m| {
            S::store(m, offset(op.imm), scaled(get(regs, op.b), S::BYTES), Slots::take(regs, op.a))
        })
    }

    fn store_sum_index<S: StoreRow>(context, regs, op, rest, memory) {
        stored!(context, regs, op, rest, memory, |m| {
            let address = scaled(get(regs, op.b), S::BYTES).wrapping_add(get(regs, op.c()) as u32);
            S::store(m, offset(u32::from(op.d())), address, Slots::take(regs, op.a))
        })
    }

    fn store_at<S: StoreRow>(context, regs, op, rest, memory) {
        stored!(context, regs, op, rest, memory, |m| S::store(m, offset(op.imm), 0_u32, Slots::take(regs, op.a)))
    }

    fn store_near64<S: StoreRow>(context, regs, op, rest, memory) {
        stored!(context, regs, op, rest, memory, |m| {
            S::store(m, offset(op.imm), get(regs, op.b), Slots::take(regs, op.a))
        })
    }

    fn store_other<S: StoreRow>(context, regs, op, rest, memory) {
        let Some(data) = rest.next() else {
            return leave_end(context);
        };
        let Some(other) = pick(context, memory.as_deref_mut(), op.imm) else {
            return leave_end(context);
        };
        match store_far::<S, M>(other, data.bits(), get(regs, op.b), Slots::take(regs, op.a)) {
            Ok(()) => {}
            Err(trap) => return leave_memory_trap(context, rest, trap),
        }
        next!(context, regs, rest, memory)
    }

    fn load_lane<L: LaneLoadRow>(context, regs, op, rest, memory) {
        let (Some(at), Some(vector)) = (rest.next(), rest.next()) else {
            return leave_end(context);
        };
        let Some(other) = pick(context, memory.as_deref_mut(), op.imm) else {
            return leave_end(context);
        };
        let (at, lane) = (MemArg::offset(at.bits()), vector.b as u8);
        let (address, vector) = (get(regs, op.b), Slots::take(regs, vector.a));
        let loaded = match other.index_type() {
            IndexType::I32 => L::load(other, at, address as u32, lane, vector),
            IndexType::I64 => L::load(other, at, address, lane, vector),
        };
        match loaded {
            Ok(vector) => vector.put(regs, op.a),
            Err(trap) => return leave_memory_trap(context, rest, trap),
        }
        next!(context, regs, rest, memory)
    }

    fn store_lane<L: LaneStoreRow>(context, regs, op, rest, memory) {
        let (Some(at), Some(vector)) = (rest.next(), rest.next()) else {
            return leave_end(context);
        };
        let Some(other) = pick(context, memory.as_deref_mut(), op.imm) else {
            return leave_end(context);
        };
        let (at, lane) = (MemArg::offset(at.bits()), vector.b as u8);
        let (address, vector) = (get(regs, op.b), Slots::take(regs, vector.a));
        let stored = match other.index_type() {
            IndexType::I32 => L::store(other, at, address as u32, lane, vector),
            IndexType::I64 => L::store(other, at, address, lane, vector),
        };
        match stored {
            Ok(()) => {}
            Err(trap) => return leave_memory_trap(context, rest, trap),
        }
        next!(context, regs, rest, memory)
    }

    fn size(context, regs, op, rest, memory) {
        let Some(m) = memory.as_deref() else {
            return leave_end(context);
        };
        set(regs, op.a, memory_size(m));
        next!(context, regs, rest, memory)
    }

    fn copy(context, regs, op, rest, memory) {
        stored!(context, regs, op, rest, memory, |m| {
            let at = |slot| u64::from(get(regs, slot) as u32);
            memory_copy(m, at(op.a), at(op.b), at(op.c()))
        })
    }

    fn fill(context, regs, op, rest, memory) {
        stored!(context, regs, op, rest, memory, |m| {
            let at = |slot| u64::from(get(regs, slot) as u32);
            memory_fill(m, at(op.a), get(regs, op.b) as u8, at(op.c()))
        })
    }
}
