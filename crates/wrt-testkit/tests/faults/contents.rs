//! Known bugs in the contents of bytes: after a failed reset, in the middle of an operation.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wrt_instructions::{MemArg, i64_load, i64_store};
use wrt_platform::{PageAllocator, Region, ReserveRequest, for_each_backend};
use wrt_runtime::{
    Access, BulkOperation, GrowEvent, GrowRequest, GrowVeto, GuestMemory, LinearMemory,
    MemoryBuilder, MemoryType, Observer, ReleaseEvent, Trap,
};
use wrt_testkit::FaultyAllocator;

fn f07_failed_reset(allocator: impl PageAllocator) {
    let faulty = FaultyAllocator::new(allocator);
    let mut region = Region::new(&faulty, &ReserveRequest::new(8192, 1 << 20)).unwrap();
    region.grow_to(65536).unwrap();
    region.data_mut().unwrap().fill(0xB6);
    faulty.fail_once(1);
    region.reset().unwrap_err();
    let shown = |region: &Region<_>| region.data().unwrap().iter().any(|byte| *byte != 0);
    assert!(!shown(&region) && region.is_empty(), "old contents are visible");
    for address in [0, 100, 65535] {
        assert!(region.load::<1>(address).is_err(), "byte {address} can still be loaded");
        assert!(region.store(address, [0; 8]).is_err(), "byte {address} can still be stored to");
    }
    for size in [0, 1, 8192, 65536, 1 << 20] {
        assert!(region.grow_to(size).is_err(), "growing to {size} bytes shows old contents");
        assert!(region.is_empty());
    }
    let refused = region.grow_to(1).unwrap_err().to_string();
    let text = "cannot commit 1 byte: a failed operation has emptied the memory; reset it first";
    assert_eq!(refused, text);
    region.verify().unwrap();
    // Whoever tries again gets a clean memory.
    region.reset().unwrap();
    assert!(!shown(&region) && region.len() == 8192);
    assert!(region.load::<1>(8191).is_ok() && region.load::<1>(8192).is_err());
    region.verify().unwrap();
    region.grow_to(1 << 20).unwrap();
    assert!(!shown(&region));
    drop(region);
    assert_eq!(faulty.alive(), 0);
}

fn f07_failed_discard(allocator: impl PageAllocator) {
    let faulty = FaultyAllocator::new(allocator);
    let mut region = Region::new(&faulty, &ReserveRequest::new(65536, 65536)).unwrap();
    region.data_mut().unwrap().fill(0xB6);
    faulty.fail_once(1);
    region.discard(100, 60000).unwrap_err();
    assert!(region.data().unwrap().iter().all(|byte| *byte == 0xB6), "half a discard was done");
    region.discard(100, 60000).unwrap();
    assert!(region.data().unwrap()[100..60100].iter().all(|byte| *byte == 0));
    assert!(region.data().unwrap()[60100..].iter().all(|byte| *byte == 0xB6));
}

/// Panics at the event of this number, counted down.
#[derive(Default)]
struct PanicsAt(Cell<u32>);

impl PanicsAt {
    fn event(&self) {
        self.0.set(self.0.get().wrapping_sub(1));
        assert_ne!(self.0.get(), 0, "at this event");
    }
}

impl Observer for PanicsAt {
    fn load(&self, _: Access) {
        self.event();
    }

    fn store(&self, _: Access) {
        self.event();
    }

    fn bulk(&self, _: BulkOperation) {
        self.event();
    }

    fn trap(&self, _: Trap, _: Access) {
        self.event();
    }

    fn before_grow(&self, _: &GrowRequest) -> Result<(), GrowVeto> {
        self.event();
        Ok(())
    }

    fn after_grow(&self, _: &GrowEvent) {
        self.event();
    }

    fn grow_refused(&self, _: &GrowEvent) {
        self.event();
    }

    fn released(&self, _: &ReleaseEvent) {
        self.event();
    }
}

type Memory<'a, A> = LinearMemory<&'a A, PanicsAt>;

/// An action of a guest or a host, with its name.
type Action<A> = (&'static str, fn(&mut Memory<'_, A>));

/// Actions with at least one event each.
fn actions<A: PageAllocator>() -> Vec<Action<A>> {
    vec![
        ("load", |memory| _ = i64_load(memory, MemArg::offset(0), 8_u32)),
        ("store", |memory| _ = i64_store(memory, MemArg::offset(0), 8_u32, -1)),
        ("trapping store", |memory| _ = i64_store(memory, MemArg::offset(0), 65533_u32, -1)),
        ("fill", |memory| _ = memory.memory_fill(100, 0xFF, 65436)),
        ("trapping fill", |memory| _ = memory.memory_fill(100, 0xFF, 65437)),
        ("copy", |memory| _ = memory.memory_copy(1, 0, 65535)),
        ("trapping copy", |memory| _ = memory.memory_copy(2, 0, 65535)),
        ("init", |memory| _ = memory.memory_init(65533, b"abc", 0, 3)),
        ("trapping init", |memory| _ = memory.memory_init(65534, b"abc", 0, 3)),
        ("short segment", |memory| _ = memory.memory_init(0, b"abc", 1, 3)),
        ("write", |memory| _ = memory.write(65530, b"whole")),
        ("trapping write", |memory| _ = memory.write(65532, b"whole")),
        ("lend", |memory| _ = memory.get_safe_slice_mut(0, 9).map(|mut bytes| bytes.fill(9))),
        ("discard", |memory| _ = memory.discard(100..60_000)),
        ("reset", |memory| _ = memory.reset()),
        ("grow", |memory| _ = memory.grow(3)),
        ("refused grow", |memory| _ = memory.grow(9)),
    ]
}

fn new_memory<A: PageAllocator>(allocator: &A) -> Memory<'_, A> {
    let ty = MemoryType::wasm32(1, Some(4)).unwrap();
    let builder = MemoryBuilder::new(ty).observer(PanicsAt::default());
    let mut memory = builder.allocate(allocator).unwrap();
    for (index, byte) in memory.data_mut().unwrap().iter_mut().enumerate() {
        *byte = index as u8;
    }
    memory
}

/// Observers run other code during an operation. Whatever that does, it observes an operation as
/// complete or not begun.
fn f12_panics(allocator: impl PageAllocator) {
    for (name, action) in actions() {
        let mut undisturbed = new_memory(&allocator);
        let old = undisturbed.data().unwrap().to_vec();
        action(&mut undisturbed);
        let new = undisturbed.data().unwrap().to_vec();
        drop(undisturbed);
        let mut panics = 0;
        for event in 1.. {
            let mut memory = new_memory(&allocator);
            memory.observer().0.set(event);
            let panicked = catch_unwind(AssertUnwindSafe(|| action(&mut memory))).is_err();
            memory.observer().0.set(0);
            assert!(
                memory.data().unwrap() == old || memory.data().unwrap() == new,
                "{name}: event {event}"
            );
            memory.verify_integrity().unwrap();
            i64_store(&mut memory, MemArg::offset(0), 16_u32, 99).unwrap();
            assert_eq!(i64_load(&memory, MemArg::offset(0), 16_u32), Ok(99), "{name}");
            let pages = memory.size();
            assert_eq!(memory.grow(4 - pages).unwrap(), pages, "{name}");
            if !panicked {
                break;
            }
            panics += 1;
        }
        assert!(panics > 0, "{name} has no events");
    }
}

/// Ranges that are partly outside: no byte is written, neither the first nor the last.
fn f12_bounds_come_first(allocator: impl PageAllocator) {
    let mut memory = new_memory(&allocator);
    let other = new_memory(&allocator);
    let before = memory.data().unwrap().to_vec();
    for distance in 1..=15_u64 {
        let address = 65536 - distance;
        let long = vec![0xFF; distance as usize + 1];
        let len = distance + 1;
        assert_eq!(memory.store(address, [0xFF; 16]), Err(Trap::OutOfBounds));
        assert_eq!(memory.memory_fill(address, 0xFF, len), Err(Trap::OutOfBounds));
        assert_eq!(memory.memory_copy(address, 0, len), Err(Trap::OutOfBounds));
        assert_eq!(memory.memory_copy(0, address, len), Err(Trap::OutOfBounds));
        assert_eq!(memory.memory_copy_from(address, &other, 7, len), Err(Trap::OutOfBounds));
        assert_eq!(memory.memory_copy_from(7, &other, address, len), Err(Trap::OutOfBounds));
        assert_eq!(memory.memory_init(address, &long, 0, len), Err(Trap::OutOfBounds));
        assert_eq!(memory.memory_init(0, &long, 1, len), Err(Trap::OutOfBounds));
        assert_eq!(memory.store_bytes(address, &long), Err(Trap::OutOfBounds));
        let mut target = vec![0xA5; long.len()];
        assert_eq!(memory.load_bytes(address, &mut target), Err(Trap::OutOfBounds));
        assert!(target.iter().all(|byte| *byte == 0xA5));
        assert!(memory.data().unwrap() == before, "{distance} bytes before the end");
    }
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn f07_a_failed_reset_shows_nothing() {
                super::f07_failed_reset($new);
            }

            #[test]
            fn f07_a_failed_discard_changes_nothing() {
                super::f07_failed_discard($new);
            }

            #[test]
            fn f12_panics_leave_all_or_nothing() {
                super::f12_panics($new);
            }

            #[test]
            fn f12_bounds_come_before_writes() {
                super::f12_bounds_come_first($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
