//! Whatever a program hands over, it gets an error number back.

use wrt_interpreter::Error;
use wrt_interpreter::wasi::WasiContext;

use crate::files::tree;
use crate::program::{FUNCTIONS, MEMORY, Program, errno};

/// Just outside of the memory, and where four bytes straddle its end.
const OUTSIDE: [u64; 4] = [MEMORY as u64, MEMORY as u64 - 1, 0xffff_fff0, 0xffff_ffff];

/// Calls with one bad pointer each. At 200 is a list of one good range, at 300 one of a bad range.
fn calls(file: u64, bad: u64) -> [(&'static str, Vec<u64>); 27] {
    [
        ("args_get", vec![bad, 8]),
        ("args_get", vec![8, bad]),
        ("args_sizes_get", vec![bad, 8]),
        ("args_sizes_get", vec![8, bad]),
        ("environ_get", vec![bad, 8]),
        ("environ_sizes_get", vec![8, bad]),
        ("clock_res_get", vec![1, bad]),
        ("clock_time_get", vec![0, 0, bad]),
        ("fd_fdstat_get", vec![1, bad]),
        ("fd_filestat_get", vec![file, bad]),
        ("fd_prestat_get", vec![3, bad]),
        ("fd_prestat_dir_name", vec![3, bad, 9]),
        ("fd_read", vec![0, bad, 1, 8]),
        ("fd_read", vec![0, 200, 1, bad]),
        ("fd_read", vec![file, 300, 2, 8]),
        ("fd_write", vec![1, bad, 1, 8]),
        ("fd_write", vec![1, 200, 1, bad]),
        ("fd_write", vec![1, 300, 2, 8]),
        ("fd_pread", vec![file, 200, 1, 0, bad]),
        ("fd_readdir", vec![3, bad, 64, 0, 8]),
        ("fd_readdir", vec![3, 1000, 64, 0, bad]),
        ("fd_seek", vec![file, 0, 0, bad]),
        ("fd_tell", vec![file, bad]),
        ("path_open", vec![3, 0, bad, 4, 0, 2, 0, 0, 100]),
        ("path_open", vec![3, 0, 0, 4, 0, 2, 0, 0, bad]),
        ("path_filestat_get", vec![3, 0, 0, 4, bad]),
        ("random_get", vec![bad, 4]),
    ]
}

#[test]
fn a_pointer_outside_of_the_memory_is_a_fault() {
    let root = tree("pointers");
    let builder = WasiContext::builder().args(["program", "x"]).env("A", "b").preopen(root, "dir");
    let mut program = Program::new(builder);
    program.write(0, b"file");
    assert_eq!(program.call("path_open", &[3, 0, 0, 4, 0, 2, 0, 0, 100]), 0);
    let file = u64::from(program.u32(100));
    assert_eq!(file, 4);
    program.vectors(200, &[(1000, 16)]);
    program.vectors(300, &[(1000, 16), (MEMORY - 8, 9)]);
    for bad in OUTSIDE {
        for (name, args) in calls(file, bad) {
            assert_eq!(program.call(name, &args), errno::FAULT, "{name} {args:?}");
        }
        for args in [[bad, 1000, 1, 8], [1000, bad, 1, 8], [1000, 2000, 1, bad]] {
            assert_eq!(program.call("poll_oneoff", &args), errno::FAULT, "{args:?}");
        }
    }
}

/// An opened path takes no number when the number cannot be told.
#[test]
fn a_failed_call_leaves_nothing_behind() {
    let mut program = Program::new(WasiContext::builder().preopen(tree("failed"), "d"));
    program.write(0, b"file");
    assert_eq!(program.call("path_open", &[3, 0, 0, 4, 0, 2, 0, 0, 0xffff_ffff]), errno::FAULT);
    assert_eq!(program.call("fd_close", &[4]), errno::BADF);
}

#[test]
fn no_arguments_whatever_bring_the_host_down() {
    let root = tree("whatever");
    let builder = WasiContext::builder().args(["program"]).preopen(root, "d").stdin(&b"abc"[..]);
    let mut program = Program::new(builder);
    let edges = [0, 1, 2, 3, 4, 7, 8, 64, 1000, 65535, 65536, 1 << 31, u64::MAX >> 1, u64::MAX];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..400 {
        for (name, params) in FUNCTIONS.iter().filter(|(name, _)| *name != "poll_oneoff") {
            let mut arg = || {
                let bits = random();
                if bits & 3 == 0 { bits >> 3 } else { edges[(bits >> 8) as usize % edges.len()] }
            };
            let args: Vec<u64> = (0..params.len()).map(|_| arg()).collect();
            let errno = program.call(name, &args);
            assert!((0..=76).contains(&errno), "round {round}: {name} {args:?}: {errno}");
        }
    }
}

#[test]
fn a_program_without_a_memory_gets_faults() {
    use wrt_interpreter::wrt_runtime::wrt_platform::HeapAllocator;
    use wrt_interpreter::{Features, Linker, Module, Store, StoreConfig, Value};
    let text = r#"(module
      (import "wasi_snapshot_preview1" "random_get" (func $f (param i32 i32) (result i32)))
      (func (export "f") (result i32) (call $f (i32.const 0) (i32.const 1))))"#;
    let module = Module::new(&wat::parse_str(text).unwrap(), &Features::ALL).unwrap();
    let mut store = Store::new(StoreConfig::plain(HeapAllocator::new()));
    let mut linker = Linker::new();
    WasiContext::builder().build().unwrap().define(&mut linker, &mut store);
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let found = store.invoke(instance, "f", &[]).unwrap();
    assert_eq!(found, [Value::I32(errno::FAULT)]);
}

#[test]
fn what_is_not_done_says_so() {
    let mut program = Program::new(WasiContext::builder().preopen(tree("not-done"), "d"));
    program.write(0, b"name");
    let calls: [(&str, &[u64], i32); 17] = [
        ("fd_allocate", &[1, 0, 1], errno::ROFS),
        ("fd_filestat_set_size", &[1, 0], errno::ROFS),
        ("fd_filestat_set_times", &[1, 0, 0, 0], errno::ROFS),
        ("fd_pwrite", &[1, 0, 0, 0, 8], errno::ROFS),
        ("path_create_directory", &[3, 0, 4], errno::ROFS),
        ("path_filestat_set_times", &[3, 0, 0, 4, 0, 0, 0], errno::ROFS),
        ("path_link", &[3, 0, 0, 4, 3, 0, 4], errno::ROFS),
        ("path_remove_directory", &[3, 0, 4], errno::ROFS),
        ("path_rename", &[3, 0, 4, 3, 0, 4], errno::ROFS),
        ("path_symlink", &[0, 4, 3, 0, 4], errno::ROFS),
        ("path_unlink_file", &[3, 0, 4], errno::ROFS),
        ("fd_fdstat_set_rights", &[1, 0, 0], errno::NOTSUP),
        ("proc_raise", &[9], errno::NOSYS),
        ("sock_accept", &[1, 0, 8], errno::NOTSOCK),
        ("sock_recv", &[1, 0, 0, 0, 8, 8], errno::NOTSOCK),
        ("sock_send", &[1, 0, 0, 0, 8], errno::NOTSOCK),
        ("sock_shutdown", &[99, 0], errno::BADF),
    ];
    for (name, args, expected) in calls {
        assert_eq!(program.call(name, args), expected, "{name}");
    }
}

#[test]
fn exit_ends_the_program_with_its_code() {
    let mut program = Program::new(WasiContext::builder());
    assert_eq!(program.exit(7), Error::Exit(7));
    assert_eq!(program.exit(-1), Error::Exit(-1));
}
