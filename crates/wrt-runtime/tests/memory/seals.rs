//! Seals over unreadable bytes: neither intact nor broken, but a separate error.

use wrt_platform::{PageAllocator, Protection, for_each_backend};
use wrt_runtime::{LinearMemory, MemoryType};

const PAGE: u64 = 65536;

const NONE: Protection = Protection::empty();

fn memory(allocator: impl PageAllocator) -> LinearMemory<impl PageAllocator> {
    LinearMemory::new(allocator, MemoryType::wasm32(2, None).unwrap()).unwrap()
}

/// With one byte closed, a write to any other byte of the range would not be detected.
fn one_byte_closed(allocator: impl PageAllocator) {
    for (closed, written) in [(0, 100), (PAGE - 1, 0), (500, 501)] {
        let mut memory = memory(&allocator);
        let seal = memory.seal(0..PAGE).unwrap();
        memory.protect(closed..closed + 1, NONE).unwrap();
        let unreadable = "memory: 65536 sealed bytes at 0x0 cannot be read";
        assert_eq!(memory.verify(&seal).unwrap_err().to_string(), unreadable);
        memory.write(written, &[1]).unwrap();
        assert_eq!(memory.verify(&seal).unwrap_err().to_string(), unreadable);
        assert_eq!(memory.verify_integrity().unwrap_err().to_string(), unreadable);
        memory.protect(closed..closed + 1, Protection::READ).unwrap();
        let broken = "memory: 65536 sealed bytes at 0x0 changed";
        assert_eq!(memory.verify(&seal).unwrap_err().to_string(), broken);
        assert_eq!(memory.verify_integrity().unwrap_err().to_string(), broken);
    }
}

/// Bytes that are writable but not readable can change undetected.
fn write_only(allocator: impl PageAllocator) {
    let mut memory = memory(&allocator);
    let seal = memory.seal(100..200).unwrap();
    memory.protect(50..150, Protection::WRITE).unwrap();
    let unreadable = "memory: 100 sealed bytes at 0x64 cannot be read";
    assert_eq!(memory.verify(&seal).unwrap_err().to_string(), unreadable);
    memory.fill(100, 7, 10).unwrap();
    assert_eq!(memory.verify(&seal).unwrap_err().to_string(), unreadable);
    assert_eq!(memory.verify_integrity().unwrap_err().to_string(), unreadable);
    memory.protect(0..PAGE, Protection::READ_WRITE).unwrap();
    assert!(memory.verify(&seal).unwrap_err().to_string().ends_with("changed"));
}

/// Closed bytes beside a seal and empty seals are no error.
fn beside_and_nothing(allocator: impl PageAllocator) {
    let mut memory = memory(&allocator);
    let seal = memory.seal(100..200).unwrap();
    let empty = memory.seal(250..250).unwrap();
    memory.protect(0..100, NONE).unwrap();
    memory.protect(200..300, NONE).unwrap();
    memory.verify(&seal).unwrap();
    memory.verify(&empty).unwrap();
    memory.verify_integrity().unwrap();
    memory.protect(100..200, Protection::READ).unwrap();
    memory.verify_integrity().unwrap();
}

/// A seal that was given up is unknown, also when the same bytes are sealed again.
fn given_up(allocator: impl PageAllocator) {
    let mut memory = memory(&allocator);
    let first = memory.seal(100..200).unwrap();
    let other = memory.seal(300..400).unwrap();
    assert!(memory.unseal(&first));
    assert!(!memory.unseal(&first), "it is not there any more");
    let again = memory.seal(100..200).unwrap();
    let unknown = "memory: the seal is not one of this memory";
    assert_eq!(memory.verify(&first).unwrap_err().to_string(), unknown);
    memory.verify(&again).unwrap();
    memory.verify(&other).unwrap();
    assert_eq!((again.range(), other.range().address), (first.range(), 300));
    assert!(!memory.unseal(&first) && memory.unseal(&other) && memory.unseal(&again));
}

/// A broken seal is certain damage and comes before an unreadable one.
fn broken_before_unreadable(allocator: impl PageAllocator) {
    let mut memory = memory(&allocator);
    let closed = memory.seal(0..10).unwrap();
    memory.seal(10..20).unwrap();
    memory.protect(5..6, NONE).unwrap();
    memory.write(15, &[1]).unwrap();
    let broken = memory.verify_integrity().unwrap_err().to_string();
    assert_eq!(broken, "memory: 10 sealed bytes at 0xa changed");
    memory.write(15, &[0]).unwrap();
    let unreadable = memory.verify_integrity().unwrap_err().to_string();
    assert_eq!(unreadable, "memory: 10 sealed bytes at 0x0 cannot be read");
    assert!(memory.unseal(&closed));
    memory.verify_integrity().unwrap();
}

macro_rules! on_backends {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            #[test]
            fn a_seal_with_a_closed_byte_is_unreadable() {
                super::one_byte_closed($new);
            }

            #[test]
            fn a_seal_over_write_only_bytes_is_unreadable() {
                super::write_only($new);
            }

            #[test]
            fn closed_bytes_outside_a_seal_do_not_matter() {
                super::beside_and_nothing($new);
            }

            #[test]
            fn a_seal_that_was_given_up_is_unknown() {
                super::given_up($new);
            }

            #[test]
            fn a_broken_seal_is_reported_before_an_unreadable_one() {
                super::broken_before_unreadable($new);
            }
        }
    )*};
}

for_each_backend!(on_backends);
