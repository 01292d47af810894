//! `wrt-run` when a program is not to run on: its exit code, its line, and the metrics.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::child::{Ended, command};
use crate::wrt_run::{WRT_RUN, module, wrt_run};

/// Prints "ready" to standard error, and then runs, waits or writes without end.
const ENDLESS: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\06\00\00\00")
  (data (i32.const 16) "ready\n")
  ;; A clock, an hour from now, in nanoseconds.
  (data (i32.const 80) "\00\00\00\00\01\00\00\00\00\a0\b8\30\46\03\00\00")
  (func $ready (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 32))))
  (func $spin (export "spin") (call $ready) (loop (br 0)))
  (func $read_on (export "read_on") (call $ready)
    (loop (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 32))) (br 0)))
  (func $sleep (export "sleep") (call $ready)
    (drop (call $poll (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 32)))
    unreachable)
  (func $write_on (export "write_on") (call $ready)
    (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32))) (br 0)))
  (func (export "shout_on") (loop (call $ready) (br 0)))
  (func $wait (call $ready)
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 32))))
  (func (export "wait_and_write") (call $wait)
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32))))
  (func (export "wait_and_return") (result i32) (call $wait) (i32.const 42))
  (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2))))"#;

/// Longer than any of these tests takes, however slow the machine.
const FOREVER: Duration = Duration::from_secs(120);

/// A program of [`ENDLESS`] that runs, its input open.
struct Running(Child);

impl Running {
    fn start(name: &str, options: &[&str]) -> Self {
        let file = module(&format!("endless-{name}-{}.wasm", options.join("")), ENDLESS);
        let mut command = command(WRT_RUN);
        command.args(options).args(["--invoke", name]).arg(file);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Waits until the program says that it is ready.
    fn wait_until_ready(&mut self) -> BufReader<std::process::ChildStderr> {
        let mut stderr = BufReader::new(self.0.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        stderr
    }

    /// Its end, which does not come about by a reader or writer that goes away.
    fn end(mut self, mut stderr: impl Read) -> Ended {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > FOREVER {
                self.0.kill().unwrap();
                panic!("the program runs on");
            }
            thread::sleep(Duration::from_millis(5));
        };
        let mut ended = Ended { code: status.code(), stdout: Vec::new(), stderr: Vec::new() };
        stderr.read_to_end(&mut ended.stderr).unwrap();
        ended
    }
}

#[test]
fn fuel_that_is_used_up_ends_a_program() {
    let file = module("fuel.wasm", ENDLESS);
    let file = file.to_str().unwrap();
    let ended = wrt_run(["--fuel", "1000", "--invoke", "spin", file]);
    let line = "ready\nwrt-run: out of fuel: 1000 units were not enough, in spin at offset 0x";
    assert!(ended.err().starts_with(line), "{}", ended.err());
    assert_eq!(ended.code, Some(123));
    let enough = wrt_run(["--fuel", "3", "--invoke", "double", file, "21"]);
    assert_eq!((enough.out().as_str(), enough.code), ("42\n", Some(0)), "{}", enough.err());
    let less = wrt_run(["--fuel", "2", "--invoke", "double", file, "21"]);
    assert_eq!((less.out().as_str(), less.code), ("", Some(123)), "{}", less.err());
}

#[test]
fn metrics_are_printed_when_the_fuel_is_used_up() {
    let file = module("fuel-metrics.wasm", ENDLESS);
    let ended =
        wrt_run(["--fuel", "1000", "--metrics", "--invoke", "spin", file.to_str().unwrap()]);
    let text = ended.err();
    assert!(text.contains("memory 0 \"memory\"\nloads "), "{text}");
    assert!(
        text.contains("\nfuel left                          0\nwrt-run: out of fuel: "),
        "{text}"
    );
    assert_eq!(ended.code, Some(123));
}

#[test]
fn the_time_limit_ends_a_program_whatever_it_does() {
    for name in ["spin", "read_on", "sleep", "write_on"] {
        let mut running = Running::start(name, &["--time-limit", "1", "--metrics"]);
        let stderr = running.0.stderr.take().unwrap();
        let ended = running.end(stderr);
        let text = ended.err();
        assert!(text.contains("memory 0 \"memory\"\nloads "), "{text}");
        assert!(text.contains("\nwrt-run: time limit of 1 s reached, in "), "{text}");
        assert_eq!(ended.code, Some(124));
    }
}

/// Standard error has a reader that never reads: the program's write does not return.
#[test]
fn the_time_limit_ends_a_program_inside_the_host() {
    let mut running = Running::start("shout_on", &["--time-limit", "0.3"]);
    let stderr = running.0.stderr.take().unwrap();
    let ended = running.end(stderr);
    assert!(ended.err().starts_with("ready\nready\n"), "{}", ended.err());
    assert_eq!(ended.code, Some(124));
}

#[test]
fn a_program_within_its_limits_ends_as_ever() {
    let file = module("within.wasm", ENDLESS);
    let limits = ["--fuel", "1000", "--time-limit", "3600", "--invoke", "double"];
    let ended = wrt_run(limits.into_iter().chain([file.to_str().unwrap(), "4"]));
    assert_eq!((ended.out().as_str(), ended.err().as_str()), ("8\n", ""));
    assert_eq!(ended.code, Some(0));
}

#[test]
fn a_time_limit_is_a_number_of_seconds() {
    for (text, why) in [
        ("soon", "not a number of seconds"),
        ("-1", "negative"),
        ("inf", "too big"),
        ("nan", "too big"),
    ] {
        let ended = wrt_run([&format!("--time-limit={text}"), "any.wasm"]);
        assert!(ended.err().contains(why), "{text}: {}", ended.err());
        assert_eq!(ended.code, Some(2));
    }
}

#[test]
fn metrics_are_printed_at_an_interrupt() {
    for name in ["spin", "read_on", "sleep", "write_on"] {
        let mut running = Running::start(name, &["--metrics"]);
        let stderr = running.wait_until_ready();
        // The shell knows how to send a signal.
        let kill = format!("kill -INT {}", running.0.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let ended = running.end(stderr);
        let text = ended.err();
        assert!(text.starts_with("memory 0 \"memory\"\nloads "), "{text}");
        assert!(text.contains("\nwrt-run: interrupted, in "), "{text}");
        assert_eq!(ended.code, Some(130));
    }
}

#[test]
fn a_closed_pipe_ends_a_program_quietly() {
    for options in [&[][..], &["--time-limit", "3600"]] {
        let mut running = Running::start("write_on", options);
        let stderr = running.wait_until_ready();
        let mut first = String::new();
        BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert_eq!(first, "ready\n");
        let ended = running.end(stderr);
        assert_eq!((ended.err().as_str(), ended.code), ("", Some(141)));
    }
}

/// The output is small enough to be kept until the program's end.
#[test]
fn a_pipe_that_is_closed_before_the_end_ends_it_quietly() {
    for name in ["wait_and_write", "wait_and_return"] {
        let mut running = Running::start(name, &[]);
        drop(running.0.stdout.take());
        let stderr = running.wait_until_ready();
        drop(running.0.stdin.take());
        let ended = running.end(stderr);
        assert_eq!((ended.err().as_str(), ended.code), ("", Some(141)), "{name}");
    }
}
