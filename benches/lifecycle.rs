//! What does it cost to create a memory, write a byte and drop it?
//!
//! The baseline maps as many bytes, writes one and unmaps. Our memories reserve their guards and
//! 4 GiB to grow into besides.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use wrt_benches::{Case, Contest, bare_lifecycle};
use wrt_instructions::{MemArg, i32_store8};
use wrt_platform::{PageAllocator, for_each_backend};
use wrt_runtime::{LinearMemory, MemoryType};

#[expect(clippy::expect_used, reason = "a bench without its memory cannot go on")]
fn create_and_drop(allocator: &dyn PageAllocator, pages: u64) {
    let ty = MemoryType::wasm32(pages, None).expect("the type is valid");
    let mut memory = LinearMemory::new(allocator, ty).expect("a few pages");
    i32_store8(&mut memory, MemArg::offset(0), 8_u32, 1).expect("the page is there");
    black_box(&memory);
}

macro_rules! backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {
        [$((stringify!($name), Box::new($new) as Box<dyn PageAllocator>)),*]
    };
}

fn lifecycle(criterion: &mut Criterion) {
    let mut contest = Contest::new(criterion);
    for (name, allocator) in &for_each_backend!(backends) {
        for pages in [1, 16, 128] {
            let case = Case {
                group: "create, write, drop",
                name: format!("{name}, {pages} pages / mmap, touch, munmap"),
                operations: 1,
                limit: None,
            };
            contest.run(
                &case,
                &mut |runs| (0..runs).for_each(|_| create_and_drop(&**allocator, pages)),
                &mut [&mut |runs| {
                    (0..runs).for_each(|_| bare_lifecycle((pages << 16) as usize));
                }],
            );
        }
    }
}

criterion_group!(benches, lifecycle);
criterion_main!(benches);
