//! Limits on growth: one budget for all memories of a tenant, and a custom hook.

use std::error::Error;

use wrt_platform::MmapAllocator;
use wrt_runtime::{Budget, GrowEvent, GrowRequest, GrowVeto, MemoryBuilder, MemoryType};

fn main() -> Result<(), Box<dyn Error>> {
    let tenant = Budget::new(16 * 65536);
    let ty = MemoryType::wasm32(1, None)?;
    // The budget is asked for the initial pages and for every growth, and gets back what is not
    // used any more. Threads would share it in an `Arc`.
    let mut first = MemoryBuilder::new(ty).observer(&tenant).allocate(MmapAllocator::new())?;
    let mut second = MemoryBuilder::new(ty)
        .observer(&tenant)
        // A hook may refuse with a reason; it never sees the memory.
        .pre_grow_hook(|request: &GrowRequest| match request.new_size() {
            0..=6 => Ok(()),
            pages => Err(GrowVeto::computed(format_args!("{pages} pages are too many"))),
        })
        // Another learns what became of it.
        .post_grow_hook(|event: &GrowEvent| {
            println!("the second: {} -> {} pages", event.previous, event.current);
        })
        .allocate(MmapAllocator::new())?;

    first.grow(12)?;
    println!("the first memory has {} pages, {} bytes are left", first.size(), tenant.left());
    if let Err(refused) = second.grow(3) {
        println!("the second: {refused}");
    }
    assert_eq!(second.size(), 1, "three pages are more than the budget has left");
    first.reset()?;
    second.grow(5)?;
    if let Err(refused) = second.grow(1) {
        println!("the second: {refused}");
    }
    assert_eq!(tenant.used(), (1 + 6) * 65536);
    drop((first, second));
    assert_eq!(tenant.left(), tenant.limit());
    Ok(())
}
