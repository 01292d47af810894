//! A memory in a static arena, without std, operating system or allocator.

use wrt_instructions::{MemArg, i32_load, i32_store, memory_fill, memory_grow};
use wrt_platform::{StaticAllocator, StaticArena};
use wrt_runtime::{
    IndexType, LinearMemory, MemoryError, MemoryType, PageSize, Trap, wrt_platform::CommitPolicy,
};

/// 48 KiB in `.bss`. On a microcontroller `#[unsafe(link_section = "...")]` puts it elsewhere.
static ARENA: StaticArena<{ 48 << 10 }> = StaticArena::new();

/// The memory's type, short enough for the fields of a runtime's structs.
type Memory = LinearMemory<StaticAllocator<{ 48 << 10 }>>;

/// Error of [`run`].
#[derive(Debug)]
pub enum Error {
    /// The arena has no room for the memory.
    Memory(MemoryError),
    /// The guest trapped.
    Trap(Trap),
}

/// Creates a memory of 20,000 pages of one byte, uses and grows it, and returns the value that a
/// guest reads and the number of free bytes of the arena while the memory lives.
///
/// # Errors
///
/// When the arena is too small; see [`Error`].
pub fn run() -> Result<(i32, usize), Error> {
    // Pages of one byte let a small device have memories that are no multiple of 64 KiB.
    let ty = MemoryType::new(IndexType::I32, PageSize::One, 20_000, Some(40_000))
        .map_err(|error| Error::Memory(error.into()))?;
    let builder = LinearMemory::builder(ty).name("sensor").commit(CommitPolicy::Exact);
    let mut memory: Memory = builder.allocate(&ARENA).map_err(Error::Memory)?;

    memory_fill(&mut memory, 0, 0xFF, 16).map_err(Error::Trap)?;
    i32_store(&mut memory, MemArg::offset(4), 0_u32, 1234).map_err(Error::Trap)?;
    // The guest grows its memory; past its maximum it gets -1.
    assert_eq!(memory_grow(&mut memory, 20_000), 20_000);
    assert_eq!(memory_grow(&mut memory, 1), u64::from(u32::MAX));
    assert_eq!(i32_load(&memory, MemArg::offset(0), 39_997_u32), Err(Trap::OutOfBounds));
    let value = i32_load(&memory, MemArg::offset(0), 4_u32).map_err(Error::Trap)?;
    Ok((value, ARENA.free_bytes()))
}
