//! A metrics thread that reads a memory's counts while a guest uses the memory on another thread.

use std::error::Error;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use wrt_instructions::{MemArg, i32_load, i32_store, memory_fill};
use wrt_platform::MmapAllocator;
use wrt_runtime::{AccessCounts, Budget, Counting, MemoryBuilder, MemoryType, SyncMetrics, Trap};

/// One `Arc` is in the memory, the other with the thread that reads.
type Memory = wrt_runtime::LinearMemory<MmapAllocator, (Arc<SyncMetrics>, Arc<Budget>)>;

const ROUNDS: u32 = 200;

fn guest(memory: &mut Memory) -> Result<(), Trap> {
    for round in 0..ROUNDS {
        memory_fill(memory, 0, round as u8, 65536)?;
        for address in (0..65536_u32).step_by(64) {
            i32_store(memory, MemArg::offset(4), address, 1)?;
            i32_load(memory, MemArg::offset(0), address)?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let metrics = Arc::new(SyncMetrics::default());
    let budget = Arc::new(Budget::new(1 << 20));
    let mut memory = MemoryBuilder::new(MemoryType::wasm32(1, None)?)
        .observer(Arc::clone(&metrics))
        .also(Arc::clone(&budget))
        .allocate(MmapAllocator::new())?;

    let (done, is_done) = channel::<()>();
    let reader = thread::spawn({
        let (metrics, budget) = (Arc::clone(&metrics), Arc::clone(&budget));
        move || {
            let mut last = AccessCounts::default();
            // The channel closes when the guest has returned.
            while is_done.recv_timeout(Duration::from_millis(2)) == Err(RecvTimeoutError::Timeout) {
                let now = metrics.counts();
                assert!(now.loads >= last.loads && now.stores >= last.stores);
                println!("{} loads, {} stores, {} bytes", now.loads, now.stores, budget.used());
                last = now;
            }
        }
    });
    let outcome = guest(&mut memory);
    drop(done);
    reader.join().map_err(|_| "the metrics thread panicked")?;
    outcome?;

    // Once the guest has returned, every count is exact.
    let counts = metrics.counts();
    println!("in the end {} loads, {} stores", counts.loads, counts.stores);
    assert_eq!((counts.loads, counts.stores), (u64::from(ROUNDS) * 1024, u64::from(ROUNDS) * 1024));
    drop(memory);
    assert_eq!(budget.used(), 0);
    Ok(())
}
