//! Plain values: types of memories, accesses, operations on ranges, growth.

use std::cell::RefCell;

use wrt_platform::StaticArena;
use wrt_runtime::{
    Access, Borrower, BulkOperation, BulkSource, GrowEvent, GrowRequest, GrowVeto, IndexType,
    InvalidMemoryType, LinearMemory, MemoryBuilder, MemoryType, Observer, PageSize, ReleaseEvent,
    SyncMetrics, Trap,
};

#[test]
fn page_sizes_are_powers_of_two() {
    for log2 in 0..64 {
        let expected = match log2 {
            0 => Some(PageSize::One),
            16 => Some(PageSize::Wasm),
            _ => None,
        };
        assert_eq!(PageSize::from_log2(log2), expected);
    }
    assert_eq!((PageSize::One.log2(), PageSize::One.bytes()), (0, 1));
    assert_eq!((PageSize::Wasm.log2(), PageSize::Wasm.bytes()), (16, 65536));
}

#[test]
fn index_types_have_a_width_and_a_minus_one() {
    assert_eq!((IndexType::I32.bits(), IndexType::I32.minus_one()), (32, 0xFFFF_FFFF));
    assert_eq!((IndexType::I64.bits(), IndexType::I64.minus_one()), (64, u64::MAX));
}

#[test]
fn most_pages_are_those_of_the_specification() {
    let most = MemoryType::most_pages;
    assert_eq!(most(IndexType::I32, PageSize::Wasm), 65536);
    assert_eq!(most(IndexType::I32, PageSize::One), 0xFFFF_FFFF);
    assert_eq!(most(IndexType::I64, PageSize::Wasm), 1 << 48);
    assert_eq!(most(IndexType::I64, PageSize::One), u64::MAX);
}

#[test]
fn a_type_says_what_it_was_made_of() {
    let ty = MemoryType::new(IndexType::I64, PageSize::One, 5, Some(7)).unwrap();
    assert_eq!((ty.index_type(), ty.page_size()), (IndexType::I64, PageSize::One));
    assert_eq!((ty.minimum(), ty.maximum()), (5, Some(7)));
    assert_eq!((ty.initial().get(), ty.initial().bytes()), (5, 5));
    assert_eq!((ty.limit().get(), ty.limit().bytes()), (7, 7));
    let pages = |count| ty.pages(count).map(|pages| pages.get());
    assert_eq!([pages(0), pages(7), pages(8)], [Some(0), Some(7), None]);
    let ty = MemoryType::wasm32(3, None).unwrap();
    assert_eq!((ty.index_type(), ty.page_size()), (IndexType::I32, PageSize::Wasm));
    assert_eq!((ty.minimum(), ty.maximum()), (3, None));
    assert_eq!((ty.initial().bytes(), ty.limit().get()), (3 << 16, 65536));
    assert_eq!(ty.limit().bytes(), 1 << 32);
    assert_eq!(MemoryType::wasm64(0, None).unwrap().index_type(), IndexType::I64);
}

#[test]
fn a_type_that_breaks_a_rule_says_which() {
    let made = |minimum, maximum| MemoryType::wasm32(minimum, maximum);
    assert_eq!(
        made(65537, None),
        Err(InvalidMemoryType::MinimumTooLarge { minimum: 65537, limit: 65536 })
    );
    let error = made(1, Some(65537)).unwrap_err();
    assert_eq!(error, InvalidMemoryType::MaximumTooLarge { maximum: 65537, limit: 65536 });
    assert_eq!(error.to_string(), "memory maximum of 65537 pages exceeds the limit of 65536 pages");
    assert_eq!(
        made(3, Some(2)),
        Err(InvalidMemoryType::MaximumBelowMinimum { minimum: 3, maximum: 2 })
    );
    assert!(made(2, Some(2)).is_ok() && made(65536, Some(65536)).is_ok());
}

const fn access(address: u64, size: u64) -> Access {
    Access { address, size }
}

#[test]
fn an_access_has_a_last_byte_unless_it_is_empty() {
    assert_eq!(access(100, 0).last(), None);
    assert_eq!(access(100, 1).last(), Some(100));
    assert_eq!(access(100, 8).last(), Some(107));
    assert_eq!(access(u64::MAX, 8).last(), Some(u64::MAX));
}

/// Each operation: the bytes that it writes, reads and moves, and whether it is one of the host.
#[test]
fn operations_say_what_they_touch() {
    use BulkOperation::*;
    let (target, source) = (access(7, 30), access(50, 30));
    for (operation, written, read, moved, by_host) in [
        (Fill { target }, true, false, true, false),
        (Copy { target, source }, true, true, true, false),
        (CopyIn { target, source }, true, false, true, false),
        (CopyOut { target, source }, false, true, true, false),
        (Init { target, source }, true, false, true, false),
        (Read { source }, false, true, true, true),
        (Write { target }, true, false, true, true),
        (Lend { target }, true, false, false, true),
        (Discard { target }, true, false, false, true),
        (Reset { target }, true, false, false, true),
    ] {
        assert_eq!(operation.written(), written.then_some(target), "{operation:?}");
        assert_eq!(operation.read(), read.then_some(source), "{operation:?}");
        assert_eq!(operation.moved(), moved.then_some(30), "{operation:?}");
        assert_eq!(operation.is_by_host(), by_host, "{operation:?}");
    }
}

#[test]
fn borrowed_bytes_become_an_operation_of_the_borrower() {
    let source = access(50, 30);
    assert_eq!(Borrower::None.operation(source), None);
    assert_eq!(Borrower::Host.operation(source), Some(BulkOperation::Read { source }));
    let copy = BulkOperation::CopyOut { target: access(7, 30), source };
    assert_eq!(Borrower::Memory { address: 7 }.operation(source), Some(copy));
}

#[test]
fn sources_become_operations_of_their_length() {
    let (bytes, target, source) = ([1; 30], access(7, 30), access(50, 30));
    let lent = bytes.as_slice().into();
    for (from, operation) in [
        (BulkSource::Byte { value: 1, len: 30 }, BulkOperation::Fill { target }),
        (BulkSource::Within { address: 50, len: 30 }, BulkOperation::Copy { target, source }),
        (BulkSource::Memory { address: 50, bytes: lent }, BulkOperation::CopyIn { target, source }),
        (BulkSource::Segment { address: 50, bytes: lent }, BulkOperation::Init { target, source }),
        (BulkSource::Host(lent), BulkOperation::Write { target }),
    ] {
        assert_eq!(from.operation(7), operation);
        assert_eq!((from.len(), from.is_empty()), (30, false), "{from:?}");
    }
    assert!(BulkSource::Byte { value: 1, len: 0 }.is_empty());
    assert!(BulkSource::Host([].as_slice().into()).is_empty());
}

/// Everything that an observer receives about growth.
#[derive(Default)]
struct Growth {
    asked: RefCell<Vec<GrowRequest>>,
    events: RefCell<Vec<GrowEvent>>,
    released: RefCell<Vec<ReleaseEvent>>,
}

impl Observer for &Growth {
    fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
        self.asked.borrow_mut().push(*request);
        if request.delta == 4 { Err(GrowVeto::new("not four")) } else { Ok(()) }
    }

    fn after_grow(&self, event: &GrowEvent) {
        self.events.borrow_mut().push(*event);
    }

    fn grow_refused(&self, event: &GrowEvent) {
        self.events.borrow_mut().push(*event);
    }

    fn released(&self, event: &ReleaseEvent) {
        self.released.borrow_mut().push(*event);
    }
}

#[test]
fn requests_for_pages_say_how_many_bytes() {
    static ARENA: StaticArena<{ 6 << 16 }> = StaticArena::new();
    let growth = Growth::default();
    let ty = MemoryType::wasm32(2, Some(9)).unwrap();
    let builder = MemoryBuilder::new(ty).observer(&growth).name("grows");
    let mut memory = builder.allocate(&ARENA).unwrap();
    memory.grow(3).unwrap();
    memory.grow(4).unwrap_err();
    memory.grow(5).unwrap_err();
    let asked = growth.asked.borrow();
    let sizes: Vec<_> = asked.iter().map(|one| [one.current, one.delta, one.new_size()]).collect();
    assert_eq!(sizes, [[0, 2, 2], [2, 3, 5], [5, 4, 9]]);
    let bytes: Vec<_> = asked.iter().map(|one| [one.added_bytes(), one.new_bytes()]).collect();
    assert_eq!(bytes, [[2 << 16, 2 << 16], [3 << 16, 5 << 16], [4 << 16, 9 << 16]]);
    assert!(asked[0].at_creation && !asked[1].at_creation);
    assert!(asked.iter().all(|one| one.maximum == 9 && one.page_bytes == 65536));
    assert!(asked.iter().all(|one| one.name.as_ref().is_some_and(|name| name.as_str() == "grows")));
}

#[test]
fn events_of_growth_say_what_was_added() {
    static ARENA: StaticArena<{ 6 << 16 }> = StaticArena::new();
    let growth = Growth::default();
    let ty = MemoryType::wasm32(2, Some(9)).unwrap();
    let mut memory = MemoryBuilder::new(ty).observer(&growth).allocate(&ARENA).unwrap();
    memory.grow(3).unwrap();
    memory.grow(2).unwrap_err();
    memory.grow(10).unwrap_err();
    memory.reset().unwrap();
    drop(memory);
    let events = growth.events.borrow();
    let sizes: Vec<_> = events.iter().map(|event| [event.previous, event.current]).collect();
    assert_eq!(sizes, [[0, 2], [2, 5], [5, 5], [5, 5]]);
    let added: Vec<_> = events.iter().map(GrowEvent::added).collect();
    assert_eq!(added, [Some(access(0, 2 << 16)), Some(access(2 << 16, 3 << 16)), None, None]);
    let requested: Vec<_> = events.iter().map(GrowEvent::requested_bytes).collect();
    assert_eq!(requested, [2 << 16, 3 << 16, 2 << 16, 10 << 16]);
    for (event, text) in [
        (&events[2], "cannot grow a memory of 5 pages by 2: cannot commit 458752 bytes"),
        (&events[3], "cannot grow a memory of 5 pages by 10: its maximum is 9 pages"),
    ] {
        let said = event.outcome.unwrap_err().to_string();
        assert!(said.starts_with(text), "{said}");
    }
    let released = growth.released.borrow();
    let bytes: Vec<_> = released.iter().map(|event| (event.bytes(), event.at_drop)).collect();
    assert_eq!(bytes, [(3 << 16, false), (2 << 16, true)]);
}

/// As the documentation says, about 2 KiB: a stripe for each of 16 threads, and one for all others.
#[test]
fn shared_counts_take_little_more_than_their_stripes() {
    assert!(size_of::<SyncMetrics>() <= 17 * 128, "{} bytes", size_of::<SyncMetrics>());
}

/// A reset releases no pages where none were added, and reports none.
#[test]
fn a_reset_without_growth_releases_nothing() {
    static ARENA: StaticArena<{ 2 << 16 }> = StaticArena::new();
    let growth = Growth::default();
    let ty = MemoryType::wasm32(2, Some(2)).unwrap();
    let mut memory = MemoryBuilder::new(ty).observer(&growth).allocate(&ARENA).unwrap();
    memory.reset().unwrap();
    assert_eq!(*growth.released.borrow(), []);
}

/// Borrowed bytes have the requested address, and are those of the memory.
#[test]
fn slices_are_bytes_of_the_memory() {
    static ARENA: StaticArena<{ 1 << 16 }> = StaticArena::new();
    let ty = MemoryType::wasm32(1, Some(1)).unwrap();
    let mut memory = LinearMemory::new(&ARENA, ty).unwrap();
    let mut slice = memory.get_safe_slice_mut(500, 4).unwrap();
    assert_eq!((slice.address(), &*slice), (500, &[0; 4][..]));
    slice.copy_from_slice(b"abcd");
    assert_eq!(&*slice, b"abcd");
    slice.into_bytes()[1] = b'B';
    let slice = memory.get_safe_slice(499, 6).unwrap();
    assert_eq!((slice.address(), &*slice), (499, &b"\0aBcd\0"[..]));
    assert_eq!(slice.as_slice(), b"\0aBcd\0");
    memory.data_mut().unwrap()[499] = b'_';
    assert_eq!(memory.data().unwrap().len(), 65536);
    assert_eq!(memory.data().unwrap()[499..504], *b"_aBcd");
}

#[test]
fn a_memory_explains_a_trap() {
    static ARENA: StaticArena<{ 1 << 16 }> = StaticArena::new();
    let ty = MemoryType::wasm32(1, Some(1)).unwrap();
    let memory = MemoryBuilder::new(ty).name("small").allocate(&ARENA).unwrap();
    let report = memory.explain(Trap::Protected, access(65530, 8));
    assert_eq!(
        report.to_string(),
        "access to protected memory: 8 bytes at address 0xfffa of memory \"small\" with 65536 bytes"
    );
    assert_eq!((report.trap, report.access), (Trap::Protected, access(65530, 8)));
    let shown = format!("{memory:?}");
    assert!(shown.starts_with("LinearMemory { name: \"small\""), "{shown}");
    assert!(shown.contains("pages: 1"), "{shown}");
}
