//! One memory in a static arena, with `i32.load`, `i32.store`, `memory.size` and `memory.grow`.
#![allow(unsafe_code, reason = "functions are exported by their names")]

use wrt_instructions::{MemArg, i32_load, i32_store, memory_grow, memory_size};
use wrt_platform::{StaticAllocator, StaticArena};
use wrt_runtime::{LinearMemory, MemoryType};

const BYTES: usize = 128 << 10;

static ARENA: StaticArena<BYTES, 1> = StaticArena::new();

/// A memory of one page that may grow to two.
pub type Memory = LinearMemory<StaticAllocator<BYTES, 1>>;

/// Makes the memory in `place`, if the arena has room for it.
#[unsafe(no_mangle)]
pub extern "Rust" fn memory_new(place: &mut Option<Memory>) -> bool {
    let ty = MemoryType::wasm32(1, Some(2)).ok();
    *place = ty.and_then(|ty| LinearMemory::new(&ARENA, ty).ok());
    place.is_some()
}

/// `i32.load`, if its bytes lie within the memory.
#[unsafe(no_mangle)]
pub extern "Rust" fn memory_load(memory: &Memory, address: u32, offset: u32) -> Option<i32> {
    i32_load(memory, MemArg::offset(offset.into()), address).ok()
}

/// `i32.store`. Says whether its bytes lie within the memory.
#[unsafe(no_mangle)]
pub extern "Rust" fn memory_store(m: &mut Memory, address: u32, offset: u32, value: i32) -> bool {
    i32_store(m, MemArg::offset(offset.into()), address, value).is_ok()
}

/// `memory.size`.
#[unsafe(no_mangle)]
pub extern "Rust" fn memory_pages(memory: &Memory) -> u32 {
    memory_size(memory) as u32
}

/// `memory.grow`: the previous size in pages, or -1.
#[unsafe(no_mangle)]
pub extern "Rust" fn memory_more(memory: &mut Memory, pages: u32) -> u32 {
    memory_grow(memory, pages.into()) as u32
}
