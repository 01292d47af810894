//! `wrt-spec`: its counts, its lookup of scripts, and its output.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../interpreter/tests/commands/child.rs"]
mod child;

use std::path::PathBuf;

use crate::child::{Ended, command, file, run};

const WRT_SPEC: &str = env!("CARGO_BIN_EXE_wrt-spec");

/// A folder with one group, and in it one script.
fn suite(test: &str, group: &str, script: &str) -> PathBuf {
    let path = file(&format!("spec-{test}/{group}/script.wast"), script);
    path.ancestors().nth(2).unwrap().to_owned()
}

fn wrt_spec(dir: &PathBuf, backend: &str) -> Ended {
    let mut command = command(WRT_SPEC);
    run(command.arg("--dir").arg(dir).args(["--backend", backend]), Vec::new())
}

const GOOD: &str = r#"
(module $a (memory (export "m") 1)
  (global (export "g") i32 (i32.const 5))
  (func (export "nan") (result f32) (f32.const nan:0x600000))
  (func (export "two") (result i32 i64) (i32.const 1) (i64.const 2))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func $deep (export "deep") (call $deep)))
(register "a" $a)
(assert_return (get $a "g") (i32.const 5))
(assert_return (invoke "nan") (f32.const nan:arithmetic))
(assert_return (invoke "two") (either (i32.const 7) (i32.const 1)) (i64.const 2))
(assert_trap (invoke "load" (i32.const 65536)) "out of bounds memory access")
(assert_exhaustion (invoke "deep") "call stack exhausted")
(assert_trap (module (func $main unreachable) (start $main)) "unreachable")
(assert_unlinkable (module (import "a" "n" (func))) "unknown import")
(assert_unlinkable (module (import "a" "m" (func))) "incompatible import type")
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_malformed (module binary "\00as") "unexpected end")
(assert_malformed (module quote "(func (i32.cnst))") "unknown operator")
(module definition $d (global (export "h") i64 (i64.const 6)))
(module instance $e $d)
(assert_return (get $e "h") (i64.const 6))
"#;

#[test]
fn assertions_are_counted_by_what_they_are_about() {
    let dir = suite("good", "core", GOOD);
    let ended = wrt_spec(&dir, "heap");
    let expected = "\
heap                   return       trap unlinkable    invalid  malformed     passed     failed    skipped
core                        4          3          2          1          2         12          0          0
heap: 12 passed, 0 failed, 0 skipped

sum: 12 passed, 0 failed, 0 skipped
";
    assert_eq!(ended.out(), expected);
    assert_eq!((ended.code, ended.err().as_str()), (Some(0), ""));
}

const BAD: &str = r#"(module
  (func (export "one") (result i32) (i32.const 1))
  (func (export "nan") (result f64) (f64.const nan:0xc000000000000)))
(assert_return (invoke "one") (i32.const 2))
(assert_return (invoke "nan") (f64.const nan:canonical))
(assert_return (invoke "none"))
(assert_trap (invoke "one") "unreachable")
(assert_unlinkable (module) "unknown import")
(assert_invalid (module) "type mismatch")
(assert_malformed (module quote "(func)") "unknown operator")
(module (import "nobody" "f" (func)))
(assert_trap (module (func $main unreachable) (start $main)) "integer overflow")
"#;

#[test]
fn failures_are_shown_where_they_are() {
    let dir = suite("bad", "core", BAD);
    let ended = wrt_spec(&dir, "heap");
    let out = ended.out();
    let failed = |line: u32, what: &str| {
        let found = out.lines().any(|text| {
            let place = format!("FAILED on heap: core/script.wast:{line}: ");
            text.starts_with(&place) && text.contains(what)
        });
        assert!(found, "line {line}: {what}\n{out}");
    };
    failed(
        4,
        "(assert_return (invoke \"one\") (i32.const 2)): expected [Core(I32(2))], got [I32(1)]",
    );
    failed(5, "got [F64(");
    failed(6, "got no exported function \"none\"");
    failed(7, "expected trap: unreachable, got [I32(1)]");
    failed(8, "expected \"unknown import\", but it links");
    failed(9, "expected \"type mismatch\", but the module is accepted");
    failed(10, "expected \"unknown operator\", but the module is accepted");
    failed(11, "unknown import \"nobody\".\"f\": wanted func () -> ()");
    failed(12, "expected trap: integer overflow, got trap: unreachable");
    assert!(out.contains("\nheap: 0 passed, 9 failed, 0 skipped\n"), "{out}");
    assert_eq!(ended.code, Some(1));
}

const LARGE: &str = r#"
(module (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size)))
(assert_return (invoke "grow" (i32.const 1)) (i32.const 1))
(assert_return (invoke "grow" (i32.const 256)) (i32.const 2))
(assert_return (invoke "size") (i32.const 258))
(assert_return (invoke "grow" (i32.const 65536)) (i32.const -1))
(module $large (memory (export "m") 300) (func (export "f")))
(register "large" $large)
(assert_return (invoke "f"))
(assert_unlinkable (module (import "large" "n" (func))) "unknown import")
"#;

#[test]
fn only_what_exceeds_the_arena_is_skipped() {
    let dir = suite("large", "core", LARGE);
    let ended = wrt_spec(&dir, "all");
    let out = ended.out();
    // The row of tagged memory exists on Arm.
    let large = if cfg!(target_arch = "aarch64") {
        &["mmap", "mte", "heap"][..]
    } else {
        &["mmap", "heap"]
    };
    for large in large {
        assert!(out.contains(&format!("{large}: 6 passed, 0 failed, 0 skipped\n")), "{out}");
    }
    for small in ["static", "pool", "dense-pool"] {
        assert!(out.contains(&format!("\n{small}: 2 passed, 0 failed, 4 skipped\n")), "{out}");
    }
    let skipped = "skipped on static: core/script.wast: 2 assertions: its memory does not fit 16 \
                   MiB: cannot ";
    assert_eq!(out.matches(skipped).count(), 2, "{out}");
    let passed = 6 * large.len() + 3 * 2;
    assert!(out.ends_with(&format!("\nsum: {passed} passed, 0 failed, 12 skipped\n")), "{out}");
    assert_eq!(ended.code, Some(0));
}

#[test]
fn threads_are_validated_and_not_executed() {
    let script = r#"(module $m (memory 1 1 shared) (func (export "f")))
      (thread $t (shared (module $m)) (assert_return (invoke "f")))
      (wait $t)
      (assert_invalid (module (memory 1 shared)) "shared memory must have maximum")"#;
    let ended = wrt_spec(&suite("threads", "threads", script), "heap");
    let line = "skipped on heap: threads/script.wast: 1 assertion: the threads group is \
                validated, not executed\n";
    assert!(ended.out().starts_with(line), "{}", ended.out());
    assert!(ended.out().contains("heap: 1 passed, 0 failed, 1 skipped\n"), "{}", ended.out());
}

#[test]
fn no_scripts_are_no_success() {
    let dir = file("spec-empty/core/readme.txt", "").ancestors().nth(2).unwrap().to_owned();
    let ended = wrt_spec(&dir, "heap");
    assert_eq!(ended.code, Some(1));
    assert!(ended.err().starts_with("wrt-spec: no .wast files in "), "{}", ended.err());
    let ended = wrt_spec(&dir.join("nowhere"), "heap");
    assert_eq!(ended.code, Some(1));
    assert!(ended.err().starts_with("wrt-spec: cannot read "), "{}", ended.err());
    let ended = run(command(WRT_SPEC).args(["--group", "nothing"]), Vec::new());
    assert_eq!(ended.code, Some(1));
    assert!(ended.err().starts_with("wrt-spec: no group called nothing: there are core, "));
}

#[test]
fn the_embedded_scripts_run_on_every_backend() {
    let ended = run(command(WRT_SPEC).args(["--group", "custom-page-sizes"]), Vec::new());
    for backend in ["mmap", "pool", "dense-pool", "heap", "static"] {
        let line = format!("\n{backend}: 164 passed, 0 failed, 0 skipped\n");
        assert!(ended.out().contains(&line), "{}", ended.out());
    }
    assert_eq!(ended.code, Some(0));
}
