//! The programs of `examples/programs` print the same as natively, on every backend. Their README
//! describes the columns of the list of cases.

use std::fs;
use std::path::{Path, PathBuf};

use crate::child::{Ended, command, run};
use crate::wrt_run::WRT_RUN;

struct Case {
    name: String,
    program: String,
    expect: String,
    dir: String,
    args: Vec<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../programs")
}

impl Case {
    fn parse(line: &str) -> Option<Case> {
        let mut words = line.split_whitespace().map(str::to_owned);
        let mut next = || words.next();
        let (name, program, expect, dir) = (next()?, next()?, next()?, next()?);
        Some(Case { name, program, expect, dir, args: words.collect() })
    }

    /// A file of this case; one that is not there is empty.
    fn file(&self, extension: &str) -> Vec<u8> {
        let path = folder().join("cases").join(format!("{}.{extension}", self.name));
        fs::read(path).unwrap_or_default()
    }

    fn run(&self, options: &[&str]) -> Ended {
        let mut command = command(WRT_RUN);
        command.current_dir(folder()).args(options);
        if self.dir != "-" {
            command.args(["--dir", &self.dir]);
        }
        command.arg(format!("{}.wasm", self.program)).args(&self.args);
        run(&mut command, self.file("in"))
    }

    fn check(&self, options: &[&str]) {
        let ended = self.run(options);
        let name = format!("{} with {options:?}: {}", self.name, ended.err());
        let words: Vec<&str> = self.expect.split(':').collect();
        match words.as_slice() {
            ["exit", code] => {
                assert_eq!(ended.code, Some(code.parse().unwrap()), "{name}");
                assert_eq!(ended.err(), String::from_utf8_lossy(&self.file("err")), "{name}");
            }
            ["trap", function, address, size] => {
                let unit = if *size == "1" { "byte" } else { "bytes" };
                let address: u64 = address.parse().unwrap();
                let line = format!(
                    "wrt-run: trap: out of bounds memory access: {size} {unit} at address \
                     {address:#x} of a memory of 327680 bytes, in {function} at offset 0x"
                );
                assert_eq!(ended.code, Some(134), "{name}");
                assert!(ended.err().starts_with(&line), "{name}");
            }
            ["exhausted"] => {
                assert_eq!(ended.code, Some(134), "{name}");
                let line = "wrt-run: trap: call stack exhausted, in ";
                assert!(ended.err().starts_with(line), "{name}");
            }
            _ => panic!("{name}: what is {:?}?", self.expect),
        }
        assert_eq!(ended.out(), String::from_utf8_lossy(&self.file("out")), "{name}");
    }
}

fn all_cases_on(backend: &str) {
    all_cases_with(&["--backend", backend]);
}

fn all_cases_with(options: &[&str]) {
    let index = fs::read_to_string(folder().join("cases/INDEX")).unwrap();
    let lines = index.lines().filter(|line| !line.starts_with('#'));
    let cases: Vec<_> = lines.filter_map(Case::parse).collect();
    assert!(cases.len() > 20, "only {} cases in the list", cases.len());
    cases.iter().for_each(|case| case.check(options));
}

#[test]
fn programs_give_the_native_answers_on_mmap() {
    all_cases_on("mmap");
}

#[test]
fn programs_give_the_native_answers_on_pool() {
    all_cases_on("pool");
}

#[test]
fn programs_give_the_native_answers_on_dense_pool() {
    all_cases_on("dense-pool");
}

#[test]
fn programs_give_the_native_answers_on_heap() {
    all_cases_on("heap");
}

#[test]
fn programs_give_the_native_answers_on_static() {
    all_cases_on("static");
}

/// Limits that a program does not reach change nothing.
#[test]
fn programs_give_the_native_answers_within_limits() {
    all_cases_with(&["--fuel", "1000000000000", "--time-limit", "3600"]);
}

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
#[test]
fn programs_give_the_native_answers_on_mte() {
    all_cases_on("mte");
}
