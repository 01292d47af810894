//! Reports of traps.

use wrt_interpreter::Value;

use crate::guest::Guest;

#[test]
fn a_memory_trap_says_all_there_is() {
    let text = r#"(module (memory $heap 1)
        (func $reader (export "load") (param i32) (result i64) (i64.load offset=16 (local.get 0)))
        (func (export "store") (param i32) (i32.store8 (local.get 0) (i32.const 1)))
        (func (export "fill") (param i32) (memory.fill (local.get 0) (i32.const 0) (i32.const 100)))
        (func (export "copy") (param i32)
          (memory.copy (i32.const 0) (local.get 0) (i32.const 100))))"#;
    let (mut guest, bytes) = (Guest::new(text), wat::parse_str(text).unwrap());
    let mut text = |name: &str, address| {
        let report = guest.trap(name, &[Value::I32(address)]);
        let opcode = bytes[report.offset.unwrap()];
        format!("{opcode:#x} {report}")
    };
    assert_eq!(
        text("load", 65520),
        "0x29 out of bounds memory access: 8 bytes at address 0x10000 of a memory of 65536 bytes, \
         in reader at offset 0x47"
    );
    assert_eq!(
        text("store", -1),
        "0x3a out of bounds memory access: 1 byte at address 0xffffffff of a memory of 65536 bytes, \
         in function 1 at offset 0x51"
    );
    assert_eq!(
        text("fill", 65437),
        "0xfc out of bounds memory access: 100 bytes at address 0xff9d of a memory of 65536 bytes, \
         in function 2 at offset 0x5e"
    );
    assert_eq!(
        text("copy", 70000),
        "0xfc out of bounds memory access: 100 bytes at address 0x11170 of a memory of 65536 bytes, \
         in function 3 at offset 0x6b"
    );
}

#[test]
fn other_traps_say_where_they_happened() {
    let text = r#"(module (table 2 funcref) (elem (i32.const 0) $f) (func $f (param i64))
        (func $middle (call $bad (i32.const 0)))
        (func $bad (export "bad") (param i32) unreachable)
        (func (export "outer") (call $middle))
        (func (export "call") (param i32) (call_indirect (local.get 0))))"#;
    let mut guest = Guest::new(text);
    let outer = guest.trap("outer", &[]);
    assert_eq!(outer.function.unwrap().name.as_deref(), Some("bad"));
    let mut text = |index| guest.trap("call", &[Value::I32(index)]).kind.to_string();
    assert_eq!(text(0), "indirect call type mismatch");
    assert_eq!(text(1), "uninitialized element");
    assert_eq!(text(2), "undefined element");
    assert_eq!(text(-1), "undefined element");
}
