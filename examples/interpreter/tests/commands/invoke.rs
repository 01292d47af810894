//! `wrt-run` when all goes well.

use crate::child::{command, run};
use crate::wrt_run::{BACKENDS, WRT_RUN, module, wrt_run};

const VALUES: &str = r#"(module
  (func (export "all") (param i32 i64 f32 f64) (result i32 i64 f32 f64 funcref externref)
    local.get 0 local.get 1 local.get 2 local.get 3 ref.null func ref.null extern)
  (func (export "vector") (param v128) (result v128) local.get 0))"#;

#[test]
fn invoke_parses_arguments_and_prints_results() {
    let file = module("values.wasm", VALUES);
    let file = file.to_str().unwrap();
    let ended = wrt_run(["--invoke", "all", file, "-1", "0xffffffffffffffff", "1.5", "-1e300"]);
    assert_eq!(ended.err(), "");
    let minus_one_e300 = format!("{}", -1e300);
    assert_eq!(ended.out(), format!("-1\n-1\n1.5\n{minus_one_e300}\nnull\nnull\n"));
    assert_eq!(ended.code, Some(0));
    let ended = wrt_run(["--invoke", "vector", file, "0x00ff"]);
    assert_eq!(ended.out(), "0x000000000000000000000000000000ff\n");
}

const GROW: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "grow") (param i32) (result i32 i32)
    (i32.store (i32.const 0) (i32.const 7))
    (memory.grow (local.get 0))
    (i32.load (i32.const 0))))"#;

#[test]
fn metrics_are_a_table_on_error_output() {
    let file = module("grow.wasm", GROW);
    for backend in BACKENDS {
        let mut wrt_run = command(WRT_RUN);
        wrt_run.args(["--backend", backend, "--metrics", "--max-pages", "3", "--invoke", "grow"]);
        let ended = run(wrt_run.arg(&file).arg("2"), Vec::new());
        assert_eq!((ended.code, ended.out().as_str()), (Some(0), "1\n7\n"), "{backend}");
        let table = ended.err();
        let (rows, resident) = table.split_once("resident bytes").unwrap();
        assert_eq!(
            rows,
            "memory 0 \"memory\"\n\
             loads                              1\n\
             stores                             1\n\
             bulk operations                    0\n\
             bulk bytes                         0\n\
             traps                              0\n\
             grows                              1\n\
             refused grows                      0\n\
             bytes                         196608\n\
             peak bytes                    196608\n",
            "{backend}"
        );
        let resident = resident.trim();
        assert!(resident == "unknown" || resident.parse::<u64>().is_ok(), "{backend}: {resident}");
    }
}

#[test]
fn no_memory_exceeds_the_pages_allowed() {
    let file = module("limited.wasm", GROW);
    let file = file.to_str().unwrap();
    let ended = wrt_run(["--max-pages", "2", "--invoke", "grow", file, "2"]);
    assert_eq!((ended.code, ended.out().as_str()), (Some(0), "-1\n7\n"));
}

#[test]
fn a_refused_growth_and_a_trap_are_counted() {
    let file = module("counted.wasm", GROW);
    let file = file.to_str().unwrap();
    let ended = wrt_run(["--metrics", "--max-pages", "1", "--invoke", "grow", file, "9"]);
    assert!(ended.err().contains("refused grows                      1\n"), "{}", ended.err());
}

/// Prints its arguments as it got them, from the second on, without anything between.
const ECHO: &str = r#"(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $get (i32.const 1024) (i32.const 4096)))
    (i32.store (i32.const 8) (i32.load (i32.const 1028)))
    (i32.store (i32.const 12)
      (i32.sub (i32.add (i32.const 4096) (i32.load (i32.const 4))) (i32.load (i32.const 1028))))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))))"#;

#[test]
fn what_follows_the_file_belongs_to_the_program() {
    let file = module("echo.wasm", ECHO);
    let ended = wrt_run(["--backend", "heap", file.to_str().unwrap(), "-r", "--metrics", "x y"]);
    assert_eq!(ended.err(), "");
    assert_eq!(ended.out(), "-r\0--metrics\0x y\0");
}

#[test]
fn a_library_is_made_ready_before_it_is_called() {
    let text = r#"(module (global $ready (mut i32) (i32.const 0))
      (func (export "_initialize") (global.set $ready (i32.const 1)))
      (func (export "ready") (result i32) global.get $ready))"#;
    let ended = wrt_run(["--invoke", "ready", module("ready.wasm", text).to_str().unwrap()]);
    assert_eq!(ended.out(), "1\n");
}

#[test]
fn the_exit_code_is_the_programs() {
    let text = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start") (call $exit (i32.const 42)) unreachable))"#;
    for backend in BACKENDS {
        let ended = wrt_run(["--backend", backend, module("exit.wasm", text).to_str().unwrap()]);
        assert_eq!((ended.code, ended.err().as_str()), (Some(42), ""), "{backend}");
    }
}
