//! Composition of memories: allocators behind every pointer, the options of the builder, and the
//! host's access to numbers and strings.

use std::sync::Arc;

use wrt_platform::{
    AllocErrorKind, Capabilities, HeapAllocator, PageAllocator, Protection, StaticArena,
    for_each_backend,
};
use wrt_runtime::{LinearMemory, MemoryError, MemoryType};

fn one_page() -> MemoryType {
    MemoryType::wasm32(1, Some(4)).unwrap()
}

/// Allocators chosen at run time, owned, shared and borrowed.
#[test]
fn allocators_come_behind_every_pointer() {
    static ARENA: StaticArena<{ 4 * 65536 }> = StaticArena::new();
    let boxed: Box<dyn PageAllocator> = Box::new(HeapAllocator::new());
    let sendable: Box<dyn PageAllocator + Send + Sync> = Box::new(&ARENA);
    let shared: Arc<dyn PageAllocator + Send + Sync> = Arc::new(HeapAllocator::new());
    let borrowed: &dyn PageAllocator = &HeapAllocator::new();
    let mut memories = (
        LinearMemory::new(boxed, one_page()).unwrap(),
        LinearMemory::new(sendable, one_page()).unwrap(),
        LinearMemory::new(shared, one_page()).unwrap(),
        LinearMemory::new(borrowed, one_page()).unwrap(),
    );
    assert_eq!(memories.0.grow(1).unwrap(), 1);
    let other_thread = std::thread::spawn(move || memories.1.grow(1).unwrap());
    assert_eq!(other_thread.join().unwrap(), 1);
    assert_eq!(memories.2.grow(1).unwrap() + memories.3.grow(1).unwrap(), 2);
}

fn write_execute(allocator: impl PageAllocator) {
    let rights = Protection::READ_WRITE | Protection::EXECUTE;
    let mut usual = LinearMemory::new(&allocator, one_page()).unwrap();
    let refused = usual.protect(0..65536, rights).unwrap_err();
    let MemoryError::Platform { cause, .. } = refused else { panic!("{refused}") };
    let kinds = [AllocErrorKind::Unsupported];
    let rule =
        matches!(cause.kind, AllocErrorKind::InvalidRequest(rule) if rule.contains("executable"));
    assert!(rule || kinds.contains(&cause.kind), "{cause}");
    // A host page allows what any of its bytes does, so a part of one cannot be executable alone.
    let code = Protection::READ | Protection::EXECUTE;
    for range in [0..100, 65000..65536, 4095..8193] {
        let refused = usual.protect(range.clone(), code);
        assert!(refused.is_err(), "{range:?} shares a page with bytes that may be written");
    }
    if usual.protect(0..65536, code).is_ok() {
        let refused = usual.protect(100..200, Protection::READ_WRITE);
        assert!(refused.is_err(), "the page would be writable and executable");
    }
    let builder = LinearMemory::builder(one_page()).allow_write_execute();
    let mut allowed = builder.allocate(&allocator).unwrap();
    match allowed.protect(0..65536, rights) {
        Ok(()) => allowed.write(0, b"code").unwrap(),
        // A backend without rights to change, or a host that hardens itself.
        Err(MemoryError::Platform { cause, .. }) => {
            let able = allocator.capabilities().contains(Capabilities::PROTECT);
            assert!(!able || matches!(cause.kind, AllocErrorKind::Os(_)), "{cause}");
        }
        Err(other) => panic!("{other}"),
    }
}

fn numbers(allocator: impl PageAllocator) {
    let mut memory = LinearMemory::new(allocator, one_page()).unwrap();
    memory.write_value(1, 0x0123_4567_89AB_CDEF_u64).unwrap();
    assert_eq!(memory.read_value::<u8>(1).unwrap(), 0xEF, "little-endian on every host");
    assert_eq!(memory.read_value::<u16>(3).unwrap(), 0x89AB);
    assert_eq!(memory.read_value::<i32>(5).unwrap(), 0x0123_4567);
    memory.write_value(32, i128::MIN).unwrap();
    assert_eq!(memory.read_value::<u128>(32).unwrap(), 1 << 127);
    let payload = f32::from_bits(0x7FA0_0001);
    memory.write_value(64, payload).unwrap();
    assert_eq!(memory.read_value::<u32>(64).unwrap(), 0x7FA0_0001, "NaN bits survive");
    memory.write_value(65532, 7_u32).unwrap();
    for address in [65533, 65536, u64::MAX] {
        memory.write_value(address, u32::MAX).unwrap_err();
        memory.read_value::<u32>(address).unwrap_err();
    }
    assert_eq!(memory.read_value::<u32>(65532).unwrap(), 7, "a refused write has written");
}

fn strings(allocator: impl PageAllocator) {
    let mut memory = LinearMemory::new(allocator, one_page()).unwrap();
    memory.data_mut().unwrap().fill(b'x');
    memory.write_c_str(10, c"h\u{e9}llo").unwrap();
    assert_eq!(memory.get_c_str(10).unwrap(), c"h\u{e9}llo");
    assert_eq!(memory.get_c_str(16).unwrap(), c"");
    assert_eq!(memory.get_str(10, 6).unwrap(), "h\u{e9}llo");
    assert_eq!(memory.get_str(65536, 0).unwrap(), "");
    assert_eq!(
        memory.get_str(10, 2).unwrap_err(),
        MemoryError::NotUtf8 { address: 11, name: None }
    );
    assert!(matches!(memory.get_str(65535, 2), Err(MemoryError::Refused(_))));
    assert_eq!(
        memory.get_c_str(17).unwrap_err(),
        MemoryError::Unterminated { address: 17, name: None }
    );
    assert!(matches!(memory.get_c_str(65536), Err(MemoryError::Refused(_))));
    assert!(matches!(memory.get_c_str(u64::MAX), Err(MemoryError::Refused(_))));
    memory.write_c_str(65530, c"12345").unwrap();
    assert_eq!(memory.get_c_str(65530).unwrap(), c"12345");
    assert!(matches!(memory.write_c_str(65530, c"123456"), Err(MemoryError::Refused(_))));
    assert_eq!(memory.get_c_str(65530).unwrap(), c"12345", "a refused write has written");
}

/// Protected bytes behind a string do not matter; protected bytes within it do.
fn strings_beside_protected_bytes(allocator: impl PageAllocator) {
    let mut memory = LinearMemory::new(allocator, one_page()).unwrap();
    memory.data_mut().unwrap().fill(b'x');
    memory.write_c_str(10, c"hello").unwrap();
    memory.protect(16..32, Protection::empty()).unwrap();
    assert_eq!(memory.get_c_str(10).unwrap(), c"hello");
    memory.protect(12..13, Protection::empty()).unwrap();
    assert!(matches!(memory.get_c_str(10), Err(MemoryError::Refused(_))));
    assert!(matches!(memory.get_str(10, 5), Err(MemoryError::Refused(_))));
    assert!(memory.read_value::<u16>(11).is_err() && memory.write_value(12, 1_u8).is_err());
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn writable_and_executable_ranges_are_asked_for() {
                super::write_execute($new);
            }

            #[test]
            fn numbers_are_read_as_they_were_written() {
                super::numbers($new);
            }

            #[test]
            fn strings_end_where_they_should() {
                super::strings($new);
                super::strings_beside_protected_bytes($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
