//! Events carry addresses: each operation reports its ranges, and every write is reported.

use std::cell::RefCell;
use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any};
use proptest::proptest;
use wrt_instructions::{MemArg, i32_load8_u, i32_store16, i64_load, i64_store, v128_store};
use wrt_instructions::{V128, memory_copy, memory_copy_between, memory_fill};
use wrt_platform::{PageAllocator, Protection, for_each_backend};
use wrt_runtime::{
    Access, BulkOperation, DataSegment, GrowEvent, LinearMemory, MemoryBuilder, MemoryType,
    Observer, Trap,
};
use wrt_testkit::{ChildTest, FaultyAllocator};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Event {
    Load(Access),
    Store(Access),
    Bulk(BulkOperation),
    Trap(Access),
    Grown(u64, u64),
}

impl Event {
    /// The bytes that the event reports as written.
    fn written(&self) -> Option<Access> {
        match *self {
            Self::Store(access) => Some(access),
            Self::Bulk(operation) => operation.written(),
            Self::Grown(from, to) => Some(access(from * PAGE, (to - from) * PAGE)),
            Self::Load(_) | Self::Trap(_) => None,
        }
    }
}

/// All events since the last call of `take`.
#[derive(Default)]
struct Log(RefCell<Vec<Event>>);

impl Log {
    fn push(&self, event: Event) {
        self.0.borrow_mut().push(event);
    }

    fn take(&self) -> Vec<Event> {
        self.0.take()
    }
}

impl Observer for Log {
    fn load(&self, access: Access) {
        self.push(Event::Load(access));
    }

    fn store(&self, access: Access) {
        self.push(Event::Store(access));
    }

    fn bulk(&self, operation: BulkOperation) {
        self.push(Event::Bulk(operation));
    }

    fn trap(&self, _: Trap, access: Access) {
        self.push(Event::Trap(access));
    }

    fn after_grow(&self, event: &GrowEvent) {
        if event.outcome.is_ok() {
            self.push(Event::Grown(event.previous, event.current));
        }
    }
}

const PAGE: u64 = 65536;
const AT_0: MemArg = MemArg::offset(0);

type Memory<P> = LinearMemory<P, Log>;

fn access(address: u64, size: u64) -> Access {
    Access { address, size }
}

fn logged<P: PageAllocator>(allocator: P) -> Memory<P> {
    let ty = MemoryType::wasm32(1, Some(3)).unwrap();
    let memory = MemoryBuilder::new(ty).observer(Log::default()).allocate(allocator).unwrap();
    memory.observer().take();
    memory
}

fn instructions(allocator: impl PageAllocator) {
    let mut memory = logged(&allocator);
    i64_store(&mut memory, MemArg::offset(8), 100_u32, 1).unwrap();
    i32_load8_u(&memory, MemArg::offset(3), 7_u32).unwrap();
    i64_load(&memory, MemArg::offset(1), 65528_u32).unwrap_err();
    memory_fill(&mut memory, 5, 1, 90).unwrap();
    memory_copy(&mut memory, 20, 10, 30).unwrap();
    memory.init_from(60, &DataSegment::new(b"abcdef"), 2, 4).unwrap();
    let expected = [
        Event::Store(access(108, 8)),
        Event::Load(access(10, 1)),
        Event::Trap(access(65529, 8)),
        Event::Bulk(BulkOperation::Fill { target: access(5, 90) }),
        Event::Bulk(BulkOperation::Copy { target: access(20, 30), source: access(10, 30) }),
        Event::Bulk(BulkOperation::Init { target: access(60, 4), source: access(2, 4) }),
    ];
    assert_eq!(memory.observer().take(), expected);
}

fn host_access(allocator: impl PageAllocator) {
    let mut memory = logged(&allocator);
    memory.read(3, &mut [0; 5]).unwrap();
    memory.write(65530, b"abc").unwrap();
    memory.get_safe_slice_mut(70, 7).unwrap().fill(1);
    memory.get_safe_slice_mut(65530, 7).unwrap_err();
    memory.data_mut().unwrap().fill(2);
    memory.discard(90..5000).unwrap();
    memory.grow(2).unwrap();
    memory.reset().unwrap();
    let expected = [
        Event::Bulk(BulkOperation::Read { source: access(3, 5) }),
        Event::Bulk(BulkOperation::Write { target: access(65530, 3) }),
        Event::Bulk(BulkOperation::Lend { target: access(70, 7) }),
        Event::Bulk(BulkOperation::Lend { target: access(0, PAGE) }),
        Event::Bulk(BulkOperation::Discard { target: access(90, 4910) }),
        Event::Grown(1, 3),
        Event::Bulk(BulkOperation::Reset { target: access(0, PAGE) }),
    ];
    assert_eq!(memory.observer().take(), expected);
}

/// A copy between memories is reported on both sides, on neither as the host's access.
fn copies_between_memories(allocator: impl PageAllocator) {
    let (mut target, source) = (logged(&allocator), logged(&allocator));
    memory_copy_between(&mut target, 400, &source, 9, 33).unwrap();
    target.copy_from(401, &source, 10, 34).unwrap();
    let copied = |at, from, len| {
        Event::Bulk(BulkOperation::CopyIn { target: access(at, len), source: access(from, len) })
    };
    assert_eq!(target.observer().take(), [copied(400, 9, 33), copied(401, 10, 34)]);
    let sent = |from, at, len| {
        Event::Bulk(BulkOperation::CopyOut { target: access(at, len), source: access(from, len) })
    };
    assert_eq!(source.observer().take(), [sent(9, 400, 33), sent(10, 401, 34)]);
    memory_copy_between(&mut target, 65500, &source, 0, 37).unwrap_err();
    assert_eq!(target.observer().take(), [Event::Trap(access(65500, 37))]);
    assert_eq!(source.observer().take(), []);
    memory_copy_between(&mut target, 0, &source, 65500, 37).unwrap_err();
    assert_eq!(target.observer().take(), []);
    assert_eq!(source.observer().take(), [Event::Trap(access(65500, 37))]);
}

/// A failed operation has written nothing and reports no write.
fn failures_report_no_write(allocator: impl PageAllocator) {
    let faulty = FaultyAllocator::new(allocator);
    let mut memory = logged(&faulty);
    faulty.fail_once(1);
    memory.discard(0..65000).unwrap_err();
    faulty.fail_once(1);
    memory.reset().unwrap_err();
    assert_eq!(memory.observer().take(), []);
    memory.reset().unwrap();
    let reset = BulkOperation::Reset { target: access(0, PAGE) };
    assert_eq!(memory.observer().take(), [Event::Bulk(reset)]);
}

#[test]
fn operations_know_their_ranges() {
    let (target, source) = (access(1, 2), access(3, 2));
    let moving = [
        (BulkOperation::Fill { target }, Some(target), None, false),
        (BulkOperation::Copy { target, source }, Some(target), Some(source), false),
        (BulkOperation::CopyIn { target, source }, Some(target), None, false),
        (BulkOperation::CopyOut { target, source }, None, Some(source), false),
        (BulkOperation::Init { target, source }, Some(target), None, false),
        (BulkOperation::Read { source }, None, Some(source), true),
        (BulkOperation::Write { target }, Some(target), None, true),
    ];
    for (operation, written, read, by_host) in moving {
        assert_eq!((operation.written(), operation.read()), (written, read), "{operation:?}");
        assert_eq!((operation.moved(), operation.is_by_host()), (Some(2), by_host));
    }
    for operation in [
        BulkOperation::Lend { target },
        BulkOperation::Discard { target },
        BulkOperation::Reset { target },
    ] {
        assert_eq!((operation.written(), operation.read()), (Some(target), None));
        assert_eq!((operation.moved(), operation.is_by_host()), (None, true));
    }
    assert_eq!((access(7, 3).last(), access(7, 0).last()), (Some(9), None));
    assert_eq!(access(u64::MAX, 3).last(), Some(u64::MAX));
}

/// Pages of 256 bytes that were reported as written.
#[derive(Default)]
struct DirtyPages(BTreeSet<u64>);

impl DirtyPages {
    const BYTES: u64 = 256;

    fn mark(&mut self, written: Access) {
        if let Some(last) = written.last() {
            self.0.extend(written.address / Self::BYTES..=last / Self::BYTES);
        }
    }
}

/// A memory with its contents at the last comparison, and the pages reported since.
struct Tracked<P: PageAllocator> {
    memory: Memory<P>,
    before: Vec<u8>,
    dirty: DirtyPages,
}

impl<P: PageAllocator> Tracked<P> {
    fn new(allocator: P) -> Self {
        let memory = logged(allocator);
        Self { before: memory.data().unwrap().to_vec(), memory, dirty: DirtyPages::default() }
    }

    /// Every byte that differs lies on a page reported as written.
    fn compare(&mut self, step: &str, written: Option<Access>) {
        let events = self.memory.observer().take();
        let reported: Vec<_> = events.iter().filter_map(Event::written).collect();
        assert_eq!(reported, Vec::from_iter(written), "{step}");
        reported.into_iter().for_each(|written| self.dirty.mark(written));
        // Bytes that nobody may read are compared when they may be read again.
        let Ok(now) = self.memory.data() else { return };
        let bytes = DirtyPages::BYTES as usize;
        let mut old = self.before.chunks(bytes);
        for (page, new) in (0_u64..).zip(now.chunks(bytes)) {
            let unchanged = old.next() == Some(new);
            assert!(unchanged || self.dirty.0.contains(&page), "{step}: page {page} in secret");
        }
        self.before.clear();
        self.before.extend_from_slice(now);
        self.dirty = DirtyPages::default();
    }
}

/// A step, and the bytes that it should have written.
type Done = (&'static str, Option<Access>);

/// A step, encoded in four numbers.
type Step = [u64; 4];

/// An address mostly inside the memory, sometimes across its end.
fn near(number: u64, memory: &Memory<impl PageAllocator>) -> u64 {
    number % (memory.byte_len() + 40)
}

fn length(number: u64) -> u64 {
    number % if number.is_multiple_of(3) { PAGE } else { 700 }
}

fn instruction<P: PageAllocator>(
    first: &mut Memory<P>,
    second: &Memory<P>,
    [what, a, b, c]: Step,
) -> Done {
    let (address, source, len) = (near(a, first), near(b, first), length(c));
    let (at, byte) = (address as u32, b as u8);
    let (name, size, outcome) = match what % 7 {
        0 => ("i64.store", 8, i64_store(first, AT_0, at, b as i64)),
        1 => ("i32.store16", 2, i32_store16(first, AT_0, at, b as i32)),
        2 => ("v128.store", 16, v128_store(first, AT_0, at, V128([byte; 16]))),
        3 => ("fill", len, memory_fill(first, address, byte, len)),
        4 => ("copy", len, memory_copy(first, address, source, len)),
        5 => ("copy from", len, memory_copy_between(first, address, second, source, len)),
        _ => {
            let from = first.byte_len();
            let grown = first.grow(b % 3).is_ok() && first.byte_len() > from;
            return ("grow", grown.then(|| access(from, first.byte_len() - from)));
        }
    };
    (name, outcome.is_ok().then_some(access(address, size)))
}

fn by_host<P: PageAllocator>(memory: &mut Memory<P>, [what, a, b, c]: Step) -> Done {
    let (address, len) = (near(a, memory), length(c));
    let mut bytes = vec![b as u8; len as usize];
    let rights = [Protection::empty(), Protection::READ, Protection::READ_WRITE];
    let (name, done) = match what % 8 {
        0 => ("init", memory.init_from(address, &DataSegment::new(bytes), 0, len).is_ok()),
        1 => ("write", memory.write(address, &bytes).is_ok()),
        2 => {
            let slice = memory.get_safe_slice_mut(address, len);
            ("lend", slice.map(|mut slice| slice.copy_from_slice(&bytes)).is_ok())
        }
        3 => ("discard", memory.discard(address..address + len).is_ok()),
        4 => {
            let _ = memory.protect(address..address + len, rights[(b % 3) as usize]);
            ("protect", false)
        }
        5 => {
            let _ = memory.read(address, &mut bytes);
            ("read", false)
        }
        6 => {
            let _ = memory.protect(0..memory.byte_len(), Protection::READ_WRITE);
            let lent = memory.data_mut().map(|lent| lent[0] ^= b as u8).is_ok();
            return ("lend all", lent.then(|| access(0, memory.byte_len())));
        }
        _ => {
            memory.reset().unwrap();
            return ("reset", Some(access(0, memory.byte_len())));
        }
    };
    (name, done.then_some(access(address, len)))
}

fn every_write_is_reported(allocator: impl PageAllocator) {
    let cases = if ChildTest::is_emulated() { 12 } else { 48 };
    let config = ProptestConfig { cases, failure_persistence: None, ..Default::default() };
    proptest!(config, |(steps in vec(any::<[u64; 4]>(), 1..50))| {
        let (mut one, mut other) = (Tracked::new(&allocator), Tracked::new(&allocator));
        for (number, step) in steps.into_iter().enumerate() {
            let (name, written) = if (step[0] >> 32).is_multiple_of(2) {
                instruction(&mut one.memory, &other.memory, step)
            } else {
                by_host(&mut one.memory, step)
            };
            let name = format!("step {number}, {name}");
            one.compare(&name, written);
            other.compare(&name, None);
            std::mem::swap(&mut one, &mut other);
        }
    });
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn instructions_report_their_ranges() {
                super::instructions($new);
            }

            #[test]
            fn host_access_reports_its_ranges() {
                super::host_access($new);
            }

            #[test]
            fn copies_between_memories_are_reported_on_both_sides() {
                super::copies_between_memories($new);
            }

            #[test]
            fn failures_report_no_write() {
                super::failures_report_no_write($new);
            }

            #[test]
            fn dirty_pages_cover_every_difference() {
                super::every_write_is_reported($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
