//! Hooks that limit growth: one budget for all memories of a tenant.

use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;

use wrt_platform::MmapAllocator;
use wrt_runtime::{GrowEvent, GrowRequest, GrowVeto, LinearMemory, MemoryType};

fn main() -> Result<(), Box<dyn Error>> {
    let budget = Rc::new(Cell::new(1_u64 << 20));
    let mut memories = Vec::new();
    for _ in 0..2 {
        let (asked, spent) = (Rc::clone(&budget), Rc::clone(&budget));
        let memory = LinearMemory::new(MmapAllocator::new(), MemoryType::wasm32(1, None)?)?
            // Before a growth the hook may say no, with a reason; it never sees the memory.
            .with_pre_grow_hook(move |request: &GrowRequest| {
                if request.delta * request.page_bytes <= asked.get() {
                    Ok(())
                } else {
                    Err(GrowVeto::new("the tenant's budget is used up"))
                }
            })
            // After a growth, and only then, the bytes are spent.
            .with_post_grow_hook(move |event: &GrowEvent| {
                spent.set(spent.get() - (event.current - event.previous) * 65536);
            });
        memories.push(memory);
    }

    memories[0].grow(12)?;
    println!("the first memory has {} pages, {} bytes are left", memories[0].size(), budget.get());
    if let Err(refused) = memories[1].grow(5) {
        println!("the second: {refused}");
    }
    assert_eq!(memories[1].size(), 1, "five pages are more than the budget has left");
    memories[1].grow(4)?;
    println!("the second memory has {} pages, {} bytes are left", memories[1].size(), budget.get());
    assert_eq!(budget.get(), 0);
    Ok(())
}
