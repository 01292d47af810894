//! `wrt-run` when something is wrong: one line that names it, and the exit code.

use std::fs;
use std::path::Path;

use crate::child::file;
use crate::wrt_run::{BACKENDS, binary, module, wrt_run};

const TRAPS: &str = r#"(module
  (memory (export "memory") 1 2)
  (table 2 funcref)
  (type $nothing (func))
  (func $peek (export "peek") (param i32) (result i32) (i32.load offset=8 (local.get 0)))
  (func $poke (export "poke") (param i32) (i64.store (local.get 0) (i64.const 1)))
  (func $wipe (export "wipe") (param i32)
    (memory.fill (local.get 0) (i32.const 0) (i32.const 256)))
  (func $never (export "never") unreachable)
  (func $divide (export "divide") (param i32) (result i32)
    (i32.div_s (i32.const 1) (local.get 0)))
  (func $deep (export "deep") (result i32) (i32.add (call $deep) (i32.const 1)))
  (func $indirect (export "indirect") (param i32)
    (call_indirect (type $nothing) (local.get 0)))
  (func (export "unnamed") unreachable))"#;

#[test]
fn a_trap_says_what_and_where_on_every_backend() {
    let file = module("traps.wasm", TRAPS);
    let expected = [
        (
            "peek",
            "65533",
            "out of bounds memory access: 4 bytes at address 0x10005 \
             of a memory of 65536 bytes, in peek at offset 0x87",
        ),
        (
            "poke",
            "-1",
            "out of bounds memory access: 8 bytes at address 0xffffffff \
             of a memory of 65536 bytes, in poke at offset 0x91",
        ),
        (
            "wipe",
            "65300",
            "out of bounds memory access: 256 bytes at address 0xff14 \
             of a memory of 65536 bytes, in wipe at offset 0x9e",
        ),
        ("divide", "0", "integer divide by zero, in divide at offset 0xac"),
        ("indirect", "1", "uninitialized element, in indirect at offset 0xba"),
        ("indirect", "2", "undefined element, in indirect at offset 0xba"),
    ];
    for backend in BACKENDS {
        for (name, arg, line) in expected {
            let file = file.to_str().unwrap();
            let ended = wrt_run(["--backend", backend, "--invoke", name, file, arg]);
            assert_eq!(ended.err(), format!("wrt-run: trap: {line}\n"), "{backend}");
            assert_eq!((ended.code, ended.out().as_str()), (Some(134), ""), "{backend}: {name}");
        }
    }
}

#[test]
fn a_trap_without_a_memory_says_where() {
    let file = module("other-traps.wasm", TRAPS);
    let expected = [
        ("never", "unreachable, in never at offset 0xa4"),
        ("deep", "call stack exhausted, in deep at offset 0xb0"),
        ("unnamed", "unreachable, in function 7 at offset 0xc0"),
    ];
    for (name, line) in expected {
        let ended = wrt_run(["--invoke", name, file.to_str().unwrap()]);
        assert_eq!(ended.err(), format!("wrt-run: trap: {line}\n"));
        assert_eq!(ended.code, Some(134));
    }
}

#[test]
fn a_trap_at_the_start_is_a_trap() {
    let text = "(module (memory 1) (data (i32.const 65536) \"x\"))";
    let ended = wrt_run([module("segment.wasm", text)]);
    let line = "wrt-run: trap: out of bounds memory access: 1 byte at address 0x10000 \
                of a memory of 65536 bytes";
    assert!(ended.err().starts_with(line), "{}", ended.err());
    assert_eq!(ended.code, Some(134));
}

/// Runs a file that cannot be run and returns the line, less the file's name.
pub(crate) fn refused(name: &str, contents: impl AsRef<[u8]>, args: &[&str]) -> String {
    let file = file(name, contents);
    let path = file.to_str().unwrap();
    let mut all = args.to_vec();
    all.push(path);
    let ended = wrt_run(all);
    assert_eq!((ended.code, ended.out().as_str()), (Some(1), ""), "{name}: {}", ended.err());
    let text = ended.err();
    let line = text.strip_prefix(&format!("wrt-run: {path}:")).unwrap_or(&text);
    let line = line.strip_suffix('\n').unwrap_or_else(|| panic!("{name}: no line: {text}"));
    assert!(!line.contains('\n'), "{name}: more than a line: {text}");
    line.to_owned()
}

#[test]
fn what_is_no_module_is_named_in_one_line() {
    let cut = b"\0asm\x01\0\0\0\x01\x04\x01\x60";
    let line = refused("cut.wasm", cut, &[]);
    assert_eq!(line, " malformed module: unexpected end-of-file (at offset 0xa)");
    let line = refused("text.wasm", "no module", &[]);
    assert!(line.starts_with(" malformed module: magic header not detected"), "{line}");
    let line = refused("empty.wasm", "", &[]);
    assert!(line.starts_with(" malformed module: "), "{line}");
}

#[test]
fn an_invalid_module_is_named() {
    let line = refused("invalid.wasm", binary("(module (func (result i32)))"), &[]);
    let expected = " invalid module: type mismatch: expected i32 but nothing on stack \
                    (at offset 0x18)";
    assert_eq!(line, expected);
}

#[test]
fn a_missing_import_is_named_with_its_module() {
    let missing = r#"(module (import "env" "f" (func (param i32))))"#;
    let line = refused("missing.wasm", binary(missing), &[]);
    assert_eq!(line, r#" unknown import "env"."f": wanted func (i32) -> ()"#);
    let other = r#"(module (import "wasi_snapshot_preview1" "fd_close" (func (param i64))))"#;
    let line = refused("other-type.wasm", binary(other), &[]);
    let expected = r#" incompatible import type "wasi_snapshot_preview1"."fd_close": wanted func (i64) -> (), found func (i32) -> (i32)"#;
    assert_eq!(line, expected);
}

#[test]
fn what_is_not_there_is_named() {
    let ended = wrt_run(["nowhere.wasm"]);
    let line = "wrt-run: cannot read nowhere.wasm: No such file or directory (os error 2)\n";
    assert_eq!((ended.code, ended.err().as_str()), (Some(1), line));
    let line = refused("fine.wasm", binary("(module)"), &["--dir", "nowhere"]);
    let expected = "wrt-run: cannot open directory nowhere: No such file or directory (os error 2)";
    assert_eq!(line, expected);
    let line = refused("nothing.wasm", binary("(module)"), &[]);
    assert_eq!(line, " no exported function \"_start\"");
    let line = refused("no-such.wasm", binary("(module)"), &["--invoke", "f"]);
    assert_eq!(line, " no exported function \"f\"");
}

#[test]
fn a_directory_must_be_one() {
    let path = file("fine.txt", "");
    let path = path.to_str().unwrap();
    let line = refused("module.wasm", binary("(module)"), &["--dir", path]);
    let expected = format!("wrt-run: cannot open directory {path}: Not a directory (os error 20)");
    assert_eq!(line, expected);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("folder");
    fs::create_dir_all(&folder).unwrap();
    let ended = wrt_run([&folder]);
    let name = folder.display();
    let line = format!("wrt-run: cannot read {name}: Is a directory (os error 21)\n");
    assert_eq!((ended.code, ended.err()), (Some(1), line));
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    let path = module("one.wasm", r#"(module (func (export "f") (param i32)))"#);
    let path = path.to_str().unwrap();
    let ended = wrt_run(["--invoke", "f", path]);
    let line = "wrt-run: f: expected 1 argument for func (i32) -> (), found 0\n";
    assert_eq!((ended.code, ended.err().as_str()), (Some(1), line));
    let ended = wrt_run(["--invoke", "f", path, "4294967296"]);
    let line = "wrt-run: f: argument 1: \"4294967296\" is not a value of type i32\n";
    assert_eq!((ended.code, ended.err().as_str()), (Some(1), line));
}

#[test]
fn a_memory_that_cannot_be_had_is_explained() {
    let line = refused("limited.wasm", binary("(module (memory 2))"), &["--max-pages", "1"]);
    let expected = " cannot allocate memory 0: its minimum of 2 pages exceeds the embedder's \
                    limit of 1";
    assert_eq!(line, expected);
    let line = refused("large.wasm", binary("(module (memory 16384))"), &["--backend", "static"]);
    let expected = " cannot allocate memory 0: cannot reserve 1073741824 bytes: no free run of \
                    that size is left (67108864 bytes were possible)";
    assert_eq!(line, expected);
    let line = refused(
        "huge.wasm",
        binary("(module (memory i64 0x1000000000000))"),
        &["--backend", "heap"],
    );
    assert!(line.starts_with(" cannot allocate memory 0: cannot reserve "), "{line}");
}
