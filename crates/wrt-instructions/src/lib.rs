//! WebAssembly's scalar, vector and bulk memory instructions, generic over the memory. Atomic
//! instructions are not included yet.
//!
//! ```text
//! table.rs        one row an instruction, exported as for_each_memory_instruction!
//!    |
//! semantics.rs    load and extend, splat, widen, wrap and store: once for all widths
//!    |         \
//! typed.rs      decoded/      functions for runtimes with their own dispatch; operations as
//! bulk.rs                     values for runtimes that keep them
//!    |
//! wrt_runtime::GuestMemory
//! ```
//!
//! `wrt-platform` provides pages, `wrt-runtime` builds memories from them, and this crate provides
//! the guest's operations on memories.
//!
//! Loads and stores take an address of the memory's index type, `u32` or `u64`, since the width
//! affects their cost. Functions on ranges take `u64`; zero-extend 32-bit operands.
//!
//! ```
//! use wrt_instructions::{MemArg, i32_load16_s, i32_store, memory_fill, memory_grow};
//! use wrt_runtime::wrt_platform::HeapAllocator;
//! use wrt_runtime::{LinearMemory, MemoryType, Trap};
//!
//! let ty = MemoryType::wasm32(1, Some(2))?;
//! let mut memory = LinearMemory::new(HeapAllocator::new(), ty)?;
//! i32_store(&mut memory, MemArg::offset(4), 1000_u32, -2)?;
//! assert_eq!(i32_load16_s(&memory, MemArg::offset(0), 1004_u32)?, -2);
//! assert_eq!(memory_grow(&mut memory, 1), 1);
//! assert_eq!(memory_grow(&mut memory, 1), u64::from(u32::MAX));
//! assert_eq!(memory_fill(&mut memory, 131_071, 7, 2), Err(Trap::OutOfBounds));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(feature = "std", test))]
extern crate std;

// Order of modules, each uses only those below its line:
//   decoded
//   typed
//   semantics value
//   v128
//   address bulk opcode stored table

mod address;
mod bulk;
mod decoded;
mod opcode;
mod semantics;
mod stored;
mod table;
mod typed;
mod v128;
mod value;

pub use address::{Address, InvalidOperation, MemArg};
pub use bulk::*;
pub use decoded::*;
pub use opcode::Opcode;
pub use typed::*;
pub use v128::V128;
pub use value::{F32, F64, Value, ValueType};
pub use wrt_runtime;
