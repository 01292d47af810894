//! Metrics of a memory: counted by one thread, and by several at once.

use std::error::Error;
use std::thread;

use wrt_instructions::{MemArg, i32_load, i32_store8, memory_fill};
use wrt_platform::MmapAllocator;
use wrt_runtime::{LinearMemory, MemoryBuilder, MemoryType, Metrics, SyncMetrics};

/// A struct of a runtime, which can name the type of its memory including the observer.
struct Instance {
    memory: LinearMemory<MmapAllocator, Metrics>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let ty = MemoryType::wasm32(1, Some(16))?;
    let builder = MemoryBuilder::new(ty).name("heap").observer(Metrics::default());
    let mut instance = Instance { memory: builder.allocate(MmapAllocator::new())? };
    for address in 0..1000_u32 {
        i32_store8(&mut instance.memory, MemArg::offset(0), address, 1)?;
    }
    memory_fill(&mut instance.memory, 0, 0, 4096)?;
    instance.memory.grow(7)?;
    let trapped = i32_load(&instance.memory, MemArg::offset(0), 8 * 65536 - 3);
    assert!(trapped.is_err());
    println!("one thread:\n{}", instance.memory.metrics());
    assert_eq!(instance.memory.access_count(), 1001);

    // A memory that several threads read at once: no count is lost.
    let builder = MemoryBuilder::new(ty).name("table").observer(SyncMetrics::default());
    let memory = builder.allocate(MmapAllocator::new())?;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1000_u32).all(|a| i32_load(&memory, MemArg::offset(0), a).is_ok()));
        }
    });
    println!("four threads:\n{}", memory.metrics());
    assert_eq!(memory.metrics().counts.loads, 4000);
    Ok(())
}
