//! A program that exports every function it imports, and its memory.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::rc::Rc;

use wrt_interpreter::wasi::{WasiBuilder, WasiContext};
use wrt_interpreter::wrt_runtime::wrt_platform::HeapAllocator;
use wrt_interpreter::{Error, Extern, Features, InstanceId, Linker, Module, Store, StoreConfig};
use wrt_interpreter::{MemoryId, Value};

/// All functions that answer with an error number, and their parameters: `i` for `i32`, `I` for
/// `i64`. The list is that of the specification, not the implementation's own.
pub(crate) const FUNCTIONS: [(&str, &str); 45] = [
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "iIi"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "iIIi"),
    ("fd_allocate", "iII"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "iII"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "iI"),
    ("fd_filestat_set_times", "iIIi"),
    ("fd_pread", "iiiIi"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiiIi"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiiIi"),
    ("fd_renumber", "ii"),
    ("fd_seek", "iIii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiiIIi"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiiIIii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

pub(crate) mod errno {
    pub(crate) const BADF: i32 = 8;
    pub(crate) const EXIST: i32 = 20;
    pub(crate) const FAULT: i32 = 21;
    pub(crate) const ILSEQ: i32 = 25;
    pub(crate) const INVAL: i32 = 28;
    pub(crate) const ISDIR: i32 = 31;
    pub(crate) const LOOP: i32 = 32;
    pub(crate) const MFILE: i32 = 33;
    pub(crate) const NAMETOOLONG: i32 = 37;
    pub(crate) const NOENT: i32 = 44;
    pub(crate) const NOSYS: i32 = 52;
    pub(crate) const NOTDIR: i32 = 54;
    pub(crate) const NOTSOCK: i32 = 57;
    pub(crate) const NOTSUP: i32 = 58;
    pub(crate) const PIPE: i32 = 64;
    pub(crate) const ROFS: i32 = 69;
    pub(crate) const SPIPE: i32 = 70;
    pub(crate) const NOTCAPABLE: i32 = 76;
}

/// The size of the program's memory.
pub(crate) const MEMORY: u32 = 65536;

pub(crate) struct Program {
    store: Store<HeapAllocator>,
    instance: InstanceId,
    memory: MemoryId,
    pub(crate) context: WasiContext,
}

fn wat_types(params: &str) -> String {
    let name = |letter| if letter == 'I' { " i64" } else { " i32" };
    params.chars().map(name).collect()
}

fn text() -> String {
    let mut imports = String::new();
    let mut exports = String::new();
    for (name, params) in FUNCTIONS {
        let types = wat_types(params);
        let param = if types.is_empty() { String::new() } else { format!("(param{types})") };
        let args: String = (0..params.len()).map(|i| format!(" local.get {i}")).collect();
        let module = "wasi_snapshot_preview1";
        writeln!(imports, "(import {module:?} {name:?} (func ${name} {param} (result i32)))")
            .unwrap();
        writeln!(exports, "(func (export {name:?}) {param} (result i32) {args} call ${name})")
            .unwrap();
    }
    format!(
        r#"(module {imports}
          (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
          (memory (export "memory") 1) {exports}
          (func (export "proc_exit") (param i32) local.get 0 call $proc_exit))"#
    )
}

impl Program {
    pub(crate) fn new(builder: WasiBuilder) -> Self {
        let context = builder.build().unwrap();
        let module = Module::new(&wat::parse_str(text()).unwrap(), &Features::ALL).unwrap();
        let mut store = Store::new(StoreConfig::plain(HeapAllocator::new()));
        let mut linker = Linker::new();
        context.define(&mut linker, &mut store);
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let Some(Extern::Memory(memory)) = store.export(instance, "memory") else {
            panic!("no memory");
        };
        Self { store, instance, memory, context }
    }

    /// Calls a function with its arguments in 64 bits, and returns the error number.
    pub(crate) fn call(&mut self, name: &str, args: &[u64]) -> i32 {
        let (_, params) = FUNCTIONS.iter().find(|(known, _)| *known == name).unwrap();
        assert_eq!(params.len(), args.len(), "{name}");
        let value = |(letter, arg): (char, &u64)| match letter {
            'I' => Value::I64(*arg as i64),
            _ => Value::I32(*arg as i32),
        };
        let args: Vec<Value> = params.chars().zip(args).map(value).collect();
        match self.store.invoke(self.instance, name, &args).unwrap().as_slice() {
            [Value::I32(errno)] => *errno,
            other => panic!("{name}: {other:?}"),
        }
    }

    pub(crate) fn exit(&mut self, code: i32) -> Error {
        self.store.invoke(self.instance, "proc_exit", &[Value::I32(code)]).unwrap_err()
    }

    pub(crate) fn write(&mut self, address: u64, bytes: &[u8]) {
        self.store.memory_mut(self.memory).unwrap().write(address, bytes).unwrap();
    }

    pub(crate) fn bytes(&self, address: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.store.memory(self.memory).unwrap().read(address, &mut bytes).unwrap();
        bytes
    }

    pub(crate) fn u16(&self, address: u64) -> u16 {
        u16::from_le_bytes(self.bytes(address, 2).try_into().unwrap())
    }

    pub(crate) fn u32(&self, address: u64) -> u32 {
        u32::from_le_bytes(self.bytes(address, 4).try_into().unwrap())
    }

    pub(crate) fn u64(&self, address: u64) -> u64 {
        u64::from_le_bytes(self.bytes(address, 8).try_into().unwrap())
    }

    /// Puts a list of one or more ranges at `address`.
    pub(crate) fn vectors(&mut self, address: u64, ranges: &[(u32, u32)]) {
        for (index, (start, len)) in ranges.iter().enumerate() {
            self.write(address + index as u64 * 8, &start.to_le_bytes());
            self.write(address + index as u64 * 8 + 4, &len.to_le_bytes());
        }
    }
}

/// Output that a test can look at; a clone is the same output.
#[derive(Clone, Default)]
pub(crate) struct Sink(pub(crate) Rc<RefCell<Vec<u8>>>);

impl Sink {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
