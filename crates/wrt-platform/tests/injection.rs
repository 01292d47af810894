//! The lifecycle of a region with every call to its allocator failing, once and from then on: after
//! each step its bytes and rights match a model, and nothing is left at the end. One test alone in
//! its process, since it counts the process's mappings.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

use core::ops::Range;

use wrt_platform::{
    AllocError, Capabilities, MemoryImage, PageAllocator, Protection, Region, ReserveRequest,
    for_each_backend,
};
use wrt_testkit::{ChildTest, FaultyAllocator, Mappings, for_each_failure};

const PAGE: usize = 4096;
const INITIAL: usize = 24 * PAGE;
const GROWN: usize = 40 * PAGE;
const PREFIX: usize = 100;
const IMAGE: Range<usize> = 16 * PAGE + 8..20 * PAGE;

const NONE: Protection = Protection::empty();
const READ: Protection = Protection::READ;
const USUAL: Protection = Protection::READ_WRITE;

/// The expected state of a memory: its bytes and their rights.
struct Model {
    bytes: Vec<u8>,
    /// Offsets at which other rights begin, in order.
    edges: Vec<(usize, Protection)>,
}

impl Model {
    /// A memory of no bytes, as a reset that failed leaves it.
    const EMPTY: Self = Self { bytes: Vec::new(), edges: Vec::new() };

    fn at_first() -> Self {
        let mut bytes = vec![0; INITIAL];
        bytes[IMAGE].fill(0x2D);
        Self { bytes, edges: vec![(0, NONE), (PREFIX, USUAL)] }
    }

    /// Grows the model, whose last bytes never lose their rights here.
    fn grow(&mut self, len: usize) {
        self.bytes.resize(len, 0);
    }

    fn set_rights(&mut self, range: &Range<usize>, rights: Protection) {
        let past = self.runs().find(|(run, _)| run.contains(&range.end)).map(|(_, past)| past);
        self.edges.retain(|(start, _)| !range.contains(start) && *start != range.end);
        self.edges.push((range.start, rights));
        self.edges.extend(past.map(|past| (range.end, past)));
        self.edges.sort_by_key(|(start, _)| *start);
    }

    /// Bytes with the same rights.
    fn runs(&self) -> impl Iterator<Item = (Range<usize>, Protection)> {
        let ends = self.edges.iter().skip(1).map(|(start, _)| *start).chain([self.bytes.len()]);
        self.edges.iter().zip(ends).map(|((start, rights), end)| (*start..end, *rights))
    }
}

/// Bytes of address space for a memory. Full guards are slow under an emulator, and make no other
/// calls.
fn room() -> u64 {
    if ChildTest::space_is_dear() { 1 << 26 } else { ReserveRequest::DEFAULT_RESERVATION }
}

struct Life<'a, P: PageAllocator> {
    region: Region<&'a FaultyAllocator<P>>,
    model: Model,
}

impl<P: PageAllocator> Life<'_, P> {
    /// Compares every byte of the region and every right, also on the host.
    fn compare(&self, after: &str) -> Result<(), String> {
        let Self { region, model } = self;
        if region.len() != model.bytes.len() {
            return Err(format!("{after}: {} bytes, not {}", region.len(), model.bytes.len()));
        }
        for (range, rights) in model.runs() {
            let (first, last) = (range.start as u64, range.end as u64 - 1);
            let bytes = region.slice(first, range.len() as u64);
            let readable = rights.contains(READ);
            if bytes.is_ok() != readable || bytes.is_ok_and(|bytes| bytes != &model.bytes[range]) {
                return Err(format!("{after}: bytes {first}..={last} are not as they should be"));
            }
            for edge in [first, last] {
                if region.load::<1>(edge).is_ok() != readable {
                    return Err(format!("{after}: byte {edge} should have {rights:?}"));
                }
            }
        }
        region.verify().map_err(|found| format!("{after}: {found}"))
    }

    /// Writes all writable bytes, and checks that exactly these are writable.
    fn write(&mut self, byte: u8) -> Result<(), String> {
        let runs: Vec<_> = self.model.runs().collect();
        for (range, rights) in runs {
            let written = self.region.fill(range.start as u64, byte, range.len() as u64).is_ok();
            if written != rights.contains(USUAL) {
                return Err(format!("{range:?} can be written: {written}"));
            }
            if written {
                self.model.bytes[range].fill(byte);
            }
        }
        self.compare("a write")
    }

    fn protect(&mut self, range: Range<usize>, rights: Protection) -> Result<(), String> {
        let (start, len) = (range.start as u64, range.len() as u64);
        let outcome = self.region.protect(start, len, rights);
        let readable = self.model.runs().find_map(|(run, rights)| {
            let (start, end) = (run.start.max(range.start), run.end.min(range.end));
            (start < end && rights.contains(READ)).then_some(start as u64)
        });
        if outcome.is_ok() {
            self.model.set_rights(&range, rights);
        } else if readable.is_some_and(|at| self.region.load::<1>(at).is_err()) {
            // The host went neither on nor back.
            self.model.set_rights(&range, NONE);
        }
        self.compare(&format!("protecting: {outcome:?}"))
    }

    fn discard(&mut self, range: Range<usize>) -> Result<(), String> {
        let outcome = self.region.discard(range.start as u64, range.len() as u64);
        if outcome.is_ok() {
            self.model.bytes[range].fill(0);
        }
        self.compare(&format!("a discard: {outcome:?}"))
    }

    fn grow(&mut self, len: usize) -> Result<(), String> {
        let outcome = self.region.grow_to(len as u64);
        if outcome.is_ok() {
            self.model.grow(len);
        }
        self.compare(&format!("growing: {outcome:?}"))
    }

    /// Resets; a second reset may succeed after the first has failed.
    fn reset(&mut self) -> Result<(), String> {
        for _ in 0..2 {
            let outcome = self.region.reset();
            self.model = if outcome.is_ok() { Model::at_first() } else { Model::EMPTY };
            self.compare(&format!("a reset: {outcome:?}"))?;
            if outcome.is_ok() {
                return Ok(());
            }
            if self.region.grow_to(GROWN as u64).is_ok() {
                return Err("what could not be erased can be grown over".to_owned());
            }
            self.compare("a growth that must fail")?;
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.region.is_empty()
    }
}

fn create<P: PageAllocator>(faulty: &FaultyAllocator<P>) -> Result<Life<'_, P>, AllocError> {
    let piece = [0x2D; IMAGE.end - IMAGE.start];
    let image = MemoryImage::new(&[(IMAGE.start as u64, &piece)])?;
    let request = ReserveRequest::new(INITIAL as u64, GROWN as u64)
        .reservation(room())
        .image(&image)
        .inaccessible_prefix(PREFIX as u64)
        .name("injected");
    Ok(Life { region: Region::new(faulty, &request)?, model: Model::at_first() })
}

/// Create, write, protect, grow, discard, reset, and all that again over the image; then drop.
fn live<P: PageAllocator>(faulty: &FaultyAllocator<P>) -> Result<(), String> {
    let Ok(mut life) = create(faulty) else { return Ok(()) };
    life.compare("creation")?;
    for round in 0..2 {
        life.write(0xB6 + round)?;
        // Within a page, across pages, over the image; the second page of the first is shared.
        life.protect(3 * PAGE + 9..5 * PAGE + 9, NONE)?;
        life.protect(5 * PAGE + 99..5 * PAGE + 100, READ)?;
        life.protect(17 * PAGE..18 * PAGE, READ)?;
        life.grow(32 * PAGE + 1)?;
        life.write(0x11)?;
        life.discard(8 * PAGE + 1..12 * PAGE + 5)?;
        life.discard(18 * PAGE..20 * PAGE)?;
        life.protect(2 * PAGE..6 * PAGE, USUAL)?;
        life.grow(GROWN)?;
        life.write(0x77)?;
        life.reset()?;
        if life.is_empty() {
            break;
        }
    }
    Ok(())
}

/// Numbers of calls and failures of an allocator.
#[derive(Default)]
struct Totals {
    in_a_life: usize,
    lives: usize,
    calls: usize,
    failures: usize,
    runs: usize,
}

/// Fails every call of a lifecycle on `allocator`, beside a memory that must not be affected.
fn every_failure(name: &str, allocator: impl PageAllocator) -> Totals {
    let undisturbed = FaultyAllocator::new(&allocator);
    live(&undisturbed).unwrap_or_else(|detail| panic!("{name}, undisturbed: {detail}"));
    let mut totals = Totals { in_a_life: undisturbed.calls(), ..Totals::default() };
    let request = ReserveRequest::new(PAGE as u64, PAGE as u64).reservation(room());
    let mut neighbour = Region::new(&allocator, &request).unwrap();
    neighbour.data_mut().unwrap().fill(0x5A);
    let runs = for_each_failure(&allocator, |faulty| {
        live(faulty)?;
        totals.lives += 1;
        totals.calls += faulty.calls();
        totals.failures += faulty.failures();
        neighbour.verify().map_err(|found| format!("the neighbour: {found}"))
    });
    totals.runs = runs.unwrap_or_else(|detail| panic!("{name}: {detail}"));
    assert!(neighbour.data().unwrap().iter().all(|byte| *byte == 0x5A));
    // Every call of a life has failed, alone and first of many; two lives found none to fail.
    let Totals { in_a_life, lives, runs, .. } = totals;
    assert!(runs >= 2 * in_a_life && lives == runs + 2, "{runs} of {in_a_life} calls");
    let host = allocator.capabilities().contains(Capabilities::PROTECT);
    assert!(in_a_life >= if host { 25 } else { 10 }, "{in_a_life} calls are no life");
    totals
}

fn walk<P: PageAllocator + Held>(name: &str, new: impl Fn() -> P) {
    // The mappings of a heap are the global allocator's; `leaks.rs` counts its bytes.
    let host = new().capabilities().contains(Capabilities::STABLE_BASE);
    let listed = || Mappings::of_process().filter(|all| host && all.is_complete());
    let mapped = || listed().map(|all| (all.count(), all.bytes()));
    let before = mapped();
    let allocator = new();
    let Totals { in_a_life, lives, calls, failures, runs } = every_failure(name, &allocator);
    let held = allocator.held();
    drop(allocator);
    let after = mapped();
    let leaks = usize::from(held > 0) + usize::from(before != after);
    println!(
        "{name}: {in_a_life} calls in a life; {lives} lives with {calls} calls, {failures} \
         failures injected in {runs} of them; leaks: {leaks}"
    );
    if host && before.is_none() {
        println!("{name}: mappings were not counted: the host does not list them all");
    }
    assert_eq!(held, 0, "{name}");
    assert_eq!(before, after, "{name}");
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {
        #[test]
        fn every_call_fails_and_nothing_is_lost() {
            $(walk(stringify!($name), || -> $type { $new });)*
        }
    };
}

for_each_backend!(on_backends);

/// Resources that a backend's memories hold, where it counts them.
trait Held {
    fn held(&self) -> usize {
        0
    }
}

impl Held for wrt_platform::HeapAllocator {}

#[cfg(unix)]
impl Held for wrt_platform::MmapAllocator {}

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
impl Held for wrt_platform::MteAllocator {}

#[cfg(windows)]
impl Held for wrt_platform::VirtualAllocator {}

#[cfg(unix)]
impl Held for wrt_platform::PoolAllocator {
    fn held(&self) -> usize {
        let now = self.statistics();
        assert_eq!(now.live + now.free + now.retired, self.slots());
        now.live + now.retired
    }
}

impl<const N: usize> Held for wrt_platform::StaticAllocator<N> {
    fn held(&self) -> usize {
        N - self.free_bytes() + self.memories()
    }
}
