//! Cost of growth from 1 to 65,536 pages, one at a time.
//!
//! The baseline reserves 4 GiB and makes 64 KiB accessible at a time, with one `mprotect` each;
//! `touched` means that a byte of every new page is written. Creation and release are inside both
//! sides, spread over 65,535 growths. Every sample has other mappings beside it.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use wrt_benches::{Case, Contest, Limit, bare_growth};
use wrt_instructions::{MemArg, i32_store8, memory_grow};
use wrt_platform::{CommitPolicy, MmapAllocator};
use wrt_runtime::{MemoryBuilder, MemoryType};

const STEPS: u64 = 65_535;
const STEP_BYTES: usize = 65_536;

#[expect(clippy::expect_used, reason = "a bench without its memory cannot go on")]
fn grow(policy: CommitPolicy, touch: bool) {
    let ty = MemoryType::wasm32(1, None).expect("the type is valid");
    let builder = MemoryBuilder::new(ty).commit(policy);
    let mut memory = builder.allocate(MmapAllocator::new()).expect("a reservation of 4 GiB");
    for _ in 0..STEPS {
        let previous = memory_grow(black_box(&mut memory), 1);
        if touch {
            let address = (previous << 16) as u32;
            i32_store8(&mut memory, MemArg::offset(0), address, 1).expect("the page was added");
        }
    }
    assert_eq!(memory.size(), STEPS + 1);
}

fn growth(criterion: &mut Criterion) {
    let mut contest =
        Contest::new(criterion).long(25, Duration::from_millis(5000)).among_neighbours();
    let cases = [
        ("exact", CommitPolicy::Exact, false, 1.10),
        ("exact, touched", CommitPolicy::Exact, true, 1.10),
        ("ahead", CommitPolicy::Ahead, false, 0.05),
        ("ahead, touched", CommitPolicy::Ahead, true, 0.6),
    ];
    for (name, policy, touch, limit) in cases {
        let case = Case {
            group: "growth",
            name: name.to_owned(),
            operations: STEPS,
            limit: Some(Limit::Ratio(limit)),
        };
        contest.run(
            &case,
            &mut |runs| (0..runs).for_each(|_| grow(policy, touch)),
            &mut [&mut |runs| {
                (0..runs).for_each(|_| bare_growth(STEPS as usize, STEP_BYTES, touch));
            }],
        );
    }
}

criterion_group!(benches, growth);
criterion_main!(benches);
