//! Cost of creating a memory, writing a byte and dropping it.
//!
//! The baseline maps as many bytes, writes one and unmaps. Our memories also reserve guards and 4
//! GiB for growth.
//!
//! For reused address space, the baseline is a slot that is mapped once and erased by the bare
//! operation ([`Bare`]).
//!
//! Further rows compare two threads with one.

use std::hint::black_box;
use std::io::{Error, Result};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use wrt_benches::{
    Bare, Case, Contents, Contest, Crew, Life, Limit, Ours, Source, bare_lifecycle, lives,
};
use wrt_instructions::{MemArg, i32_store8};
use wrt_platform::{
    MmapAllocator, PageAllocator, PoolAllocator, PoolConfig, PoolLayout, for_each_backend,
};
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

/// Memories for which a side must keep the limits of a pool.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guaranteed {
    None,
    /// Those that start from zeroes: a dense pool copies images.
    Zeroes,
    All,
}

/// Source of a row's memories.
struct Side {
    name: &'static str,
    guaranteed: Guaranteed,
    source: fn(&Life) -> Result<Box<dyn Source>>,
}

const SIDES: [Side; 3] = [
    Side {
        name: "mmap",
        guaranteed: Guaranteed::None,
        source: |life| Ok(Box::new(Ours::new(MmapAllocator::new(), life)?)),
    },
    Side {
        name: "pool",
        guaranteed: Guaranteed::All,
        source: |life| pooled(life, PoolLayout::SmallGuard),
    },
    Side {
        name: "dense pool",
        guaranteed: Guaranteed::Zeroes,
        source: |life| pooled(life, PoolLayout::Dense),
    },
];

/// A pool with slots for a few threads' memories of a life.
fn pooled(life: &Life, layout: PoolLayout) -> Result<Box<dyn Source>> {
    let config = PoolConfig::new(16, life.bytes() as u64).layout(layout);
    let pool = PoolAllocator::new(&config).map_err(Error::other)?;
    Ok(Box::new(Ours::new(pool, life)?))
}

/// The row of a side beside the bare operation, with as many threads on either.
fn beside_bare(contest: &mut Contest<'_>, side: &Side, life: &Life, threads: usize) -> Result<()> {
    let (source, bare) = ((side.source)(life)?, Bare::new(life)?);
    let mut ours = Crew::new(life, &*source, threads)?;
    let mut theirs = Crew::new(life, &bare, threads)?;
    let guaranteed = match side.guaranteed {
        Guaranteed::None => false,
        Guaranteed::Zeroes => life.contents == Contents::Zero,
        Guaranteed::All => true,
    };
    let on = if threads == 1 { String::new() } else { format!(" on {threads} threads") };
    let case = Case {
        group: "create, write, drop",
        name: format!("{}, {}{on} / {}", side.name, life.name, Bare::name(life)),
        operations: 1,
        limit: guaranteed.then_some(Limit::Ratio(life.pool_limit)),
    };
    contest.run(&case, &mut |runs| ours.run(runs), &mut [&mut |runs| theirs.run(runs)]);
    Ok(())
}

/// Two threads that make a memory each beside one that makes both, from the same source.
fn beside_one_thread(
    contest: &mut Contest<'_>,
    (name, limit): (&str, Option<Limit>),
    life: &Life,
    source: &dyn Source,
) -> Result<()> {
    let (mut two, mut one) = (Crew::new(life, source, 2)?, Crew::new(life, source, 1)?);
    let case = Case {
        group: "create, write, drop",
        name: format!("{name}, {}, two threads / one thread does both", life.name),
        operations: 2,
        limit,
    };
    contest.run(&case, &mut |runs| two.run(runs), &mut [&mut |runs| one.run(2 * runs)]);
    Ok(())
}

/// Gain of a second thread: for our memories, and for the bare operation, which shows the limit of
/// the machine.
#[expect(clippy::expect_used, reason = "a bench without its memory cannot go on")]
fn scaling(criterion: &mut Criterion) {
    let life = Life::plain(1);
    let mut contest = Contest::new(criterion).long(15, Duration::from_secs(3));
    for side in SIDES {
        let source = (side.source)(&life).expect("memories");
        let pooled = side.guaranteed != Guaranteed::None;
        let limit = pooled.then_some(Limit::Ratio(1.0 / 1.5));
        beside_one_thread(&mut contest, (side.name, limit), &life, &*source).expect("memories");
    }
    let bare = Bare::new(&life).expect("slots");
    beside_one_thread(&mut contest, (Bare::name(&life), None), &life, &bare).expect("slots");
}

#[expect(clippy::expect_used, reason = "a bench without its memory cannot go on")]
fn reuse(criterion: &mut Criterion) {
    for life in lives() {
        Bare::new(&life).and_then(|bare| life.check(&bare)).expect("a slot");
        for side in &SIDES {
            (side.source)(&life).and_then(|source| life.check(&*source)).expect("memories");
            let mut contest = Contest::new(criterion);
            beside_bare(&mut contest, side, &life, 1).expect("memories");
            // That a CPU takes up a thread is part of a sample: it must not count.
            let mut contest = contest.long(15, Duration::from_secs(3));
            beside_bare(&mut contest, side, &life, 2).expect("memories");
        }
    }
}

/// A pool whose memories grow under exact commit, so that a slot's pages are closed and opened
/// again.
#[expect(clippy::expect_used, reason = "a bench without its memory cannot go on")]
fn exact_growth(criterion: &mut Criterion) {
    let side = Side {
        name: "pool, grown under exact commit",
        guaranteed: Guaranteed::None,
        source: |life| {
            let config = PoolConfig::new(16, life.bytes() as u64);
            let pool = PoolAllocator::new(&config).map_err(Error::other)?;
            Ok(Box::new(Ours::growing(pool, life)?))
        },
    };
    for pages in [2, 16, 256] {
        let life = Life::plain(pages);
        let mut contest = Contest::new(criterion);
        beside_bare(&mut contest, &side, &life, 1).expect("memories");
    }
}

criterion_group!(benches, lifecycle, reuse, exact_growth, scaling);
criterion_main!(benches);
