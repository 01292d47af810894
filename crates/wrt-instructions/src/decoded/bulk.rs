//! Bulk operations as values. They select among a runtime's memories by index, so that callers use
//! one operation for `memory.copy` within a memory and between two.

use wrt_runtime::{DataSegment, GuestMemory, Trap};

use super::ExecuteError;
use crate::bulk;

/// Declares an operation on one memory, whose index it carries.
macro_rules! on_one_memory {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
        pub struct $name {
            /// The index of the memory.
            pub memory: u32,
        }
    )*};
}

on_one_memory! {
    /// `memory.size`
    MemorySize;
    /// `memory.grow`
    MemoryGrow;
    /// `memory.fill`
    MemoryFill;
}

impl MemorySize {
    /// The size in pages.
    pub fn execute<M: GuestMemory>(&self, memory: &M) -> u64 {
        bulk::memory_size(memory)
    }
}

impl MemoryGrow {
    /// Adds `pages` pages. Returns the previous size, or -1 in the memory's index type.
    pub fn execute<M: GuestMemory>(&self, memory: &mut M, pages: u64) -> u64 {
        bulk::memory_grow(memory, pages)
    }
}

impl MemoryFill {
    /// Sets `len` bytes from `target` to the low byte of `value`.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`]; in that case nothing is written.
    pub fn execute<M: GuestMemory>(
        &self,
        memory: &mut M,
        target: u64,
        value: i32,
        len: u64,
    ) -> Result<(), Trap> {
        bulk::memory_fill(memory, target, value as u8, len)
    }
}

/// `memory.copy`
///
/// ```
/// use wrt_instructions::MemoryCopy;
/// use wrt_runtime::{LinearMemory, MemoryType};
/// use wrt_runtime::wrt_platform::HeapAllocator;
///
/// let new = |ty| LinearMemory::new(HeapAllocator::new(), ty);
/// let mut memories = [new(MemoryType::wasm32(1, None)?)?, new(MemoryType::wasm64(1, None)?)?];
/// memories[0].write(0, b"across")?;
/// MemoryCopy { target_memory: 1, source_memory: 0 }.execute(&mut memories, 10, 0, 6)?;
/// MemoryCopy { target_memory: 1, source_memory: 1 }.execute(&mut memories, 12, 10, 6)?;
/// assert_eq!(&*memories[1].get_safe_slice(10, 8)?, b"acacross");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct MemoryCopy {
    /// The index of the memory that is written.
    pub target_memory: u32,
    /// The index of the memory that is read.
    pub source_memory: u32,
}

impl MemoryCopy {
    /// Copies `len` bytes from `source` in one of `memories` to `target` in the same or another.
    ///
    /// # Errors
    ///
    /// A trap unless both ranges lie within their memories; in that case nothing is written.
    pub fn execute<M: GuestMemory>(
        &self,
        memories: &mut [M],
        target: u64,
        source: u64,
        len: u64,
    ) -> Result<(), ExecuteError> {
        let Self { target_memory, source_memory } = *self;
        let (to, from) = (target_memory as usize, source_memory as usize);
        if to == from {
            let unknown = ExecuteError::UnknownMemory(target_memory);
            let memory = memories.get_mut(to).ok_or(unknown)?;
            return Ok(bulk::memory_copy(memory, target, source, len)?);
        }
        let farthest = target_memory.max(source_memory);
        let pair = memories.get_disjoint_mut([to, from]);
        let [to, from] = pair.map_err(|_| ExecuteError::UnknownMemory(farthest))?;
        Ok(bulk::memory_copy_between(to, target, from, source, len)?)
    }
}

/// `memory.init`
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct MemoryInit {
    /// The index of the data segment.
    pub segment: u32,
    /// The index of the memory.
    pub memory: u32,
}

impl MemoryInit {
    /// Copies `len` bytes of `segment` from `source` on to `target`.
    ///
    /// # Errors
    ///
    /// [`Trap::OutOfBounds`] for either range; in that case nothing is written.
    pub fn execute<M: GuestMemory, B: AsRef<[u8]>>(
        &self,
        memory: &mut M,
        segment: &DataSegment<B>,
        target: u64,
        source: u64,
        len: u64,
    ) -> Result<(), Trap> {
        bulk::memory_init(memory, segment, target, source, len)
    }
}

/// `data.drop`
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct DataDrop {
    /// The index of the data segment.
    pub segment: u32,
}

impl DataDrop {
    /// Drops the bytes of the segment.
    pub fn execute<B: AsRef<[u8]>>(&self, segment: &mut DataSegment<B>) {
        bulk::data_drop(segment);
    }
}
