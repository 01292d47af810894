//! Table of the functions of `wasi_snapshot_preview1` and their implementations.

use std::cell::RefCell;
use std::rc::Rc;

use wrt_platform::PageAllocator;
use wrt_runtime::Observer;

use super::context::State;
use super::errno::Errno;
use super::guest::{Args, Bytes, Guest};
use super::{clock, directory, file, io, process};
use crate::error::HostError;
use crate::interrupt::Interrupt;
use crate::linker::Linker;
use crate::store::{Caller, Store};
use crate::types::{FuncType, ValType};
use crate::value::Value;

/// The name under which programs import the functions.
const MODULE: &str = "wasi_snapshot_preview1";

type Answer = fn(&mut State, &mut Guest<'_>, &Args<'_>) -> Result<(), Errno>;

/// A function's name, its parameters (`i` for `i32`, `I` for `i64`) and its implementation. All
/// return an error number.
type Row = (&'static str, &'static str, Answer);

const FUNCTIONS: [Row; 45] = [
    ("args_get", "ii", process::args_get),
    ("args_sizes_get", "ii", process::args_sizes_get),
    ("clock_res_get", "ii", clock::resolution),
    ("clock_time_get", "iIi", clock::time),
    ("environ_get", "ii", process::environ_get),
    ("environ_sizes_get", "ii", process::environ_sizes_get),
    ("fd_advise", "iIIi", io::advise),
    ("fd_allocate", "iII", read_only),
    ("fd_close", "i", io::close),
    ("fd_datasync", "i", io::sync),
    ("fd_fdstat_get", "ii", io::status),
    ("fd_fdstat_set_flags", "ii", io::set_flags),
    ("fd_fdstat_set_rights", "iII", not_supported),
    ("fd_filestat_get", "ii", file::attributes),
    ("fd_filestat_set_size", "iI", read_only),
    ("fd_filestat_set_times", "iIIi", read_only),
    ("fd_pread", "iiiIi", file::read_at),
    ("fd_prestat_dir_name", "iii", directory::preopened_name),
    ("fd_prestat_get", "ii", directory::preopened),
    ("fd_pwrite", "iiiIi", read_only),
    ("fd_read", "iiii", io::read),
    ("fd_readdir", "iiiIi", directory::list),
    ("fd_renumber", "ii", io::renumber),
    ("fd_seek", "iIii", file::seek),
    ("fd_sync", "i", io::sync),
    ("fd_tell", "ii", file::tell),
    ("fd_write", "iiii", io::write),
    ("path_create_directory", "iii", read_only),
    ("path_filestat_get", "iiiii", directory::attributes),
    ("path_filestat_set_times", "iiiiIIi", read_only),
    ("path_link", "iiiiiii", read_only),
    ("path_open", "iiiiiIIii", directory::open),
    ("path_readlink", "iiiiii", directory::read_link),
    ("path_remove_directory", "iii", read_only),
    ("path_rename", "iiiiii", read_only),
    ("path_symlink", "iiiii", read_only),
    ("path_unlink_file", "iii", read_only),
    ("poll_oneoff", "iiii", clock::poll),
    ("proc_raise", "i", no_system_call),
    ("random_get", "ii", process::random),
    ("sched_yield", "", process::yield_now),
    ("sock_accept", "iii", no_socket),
    ("sock_recv", "iiiiii", no_socket),
    ("sock_send", "iiiii", no_socket),
    ("sock_shutdown", "ii", no_socket),
];

fn read_only(_: &mut State, _: &mut Guest<'_>, _: &Args<'_>) -> Result<(), Errno> {
    Err(Errno::ReadOnly)
}

fn not_supported(_: &mut State, _: &mut Guest<'_>, _: &Args<'_>) -> Result<(), Errno> {
    Err(Errno::NotSupported)
}

fn no_system_call(_: &mut State, _: &mut Guest<'_>, _: &Args<'_>) -> Result<(), Errno> {
    Err(Errno::NoSystemCall)
}

fn no_socket(state: &mut State, _: &mut Guest<'_>, args: &Args<'_>) -> Result<(), Errno> {
    state.descriptors.get(args.u32(0))?;
    Err(Errno::NotSocket)
}

/// Defines all functions, with the given state.
pub(super) fn define<P, O>(linker: &mut Linker, store: &mut Store<P, O>, state: &Rc<RefCell<State>>)
where
    P: PageAllocator + Clone + 'static,
    O: Observer + 'static,
{
    for (name, params, answer) in FUNCTIONS {
        let state = Rc::clone(state);
        let ty = FuncType::new(params.chars().map(param).collect::<Vec<_>>(), [ValType::I32]);
        linker.func(store, MODULE, name, ty, move |caller, args, results| {
            let errno = call(&state, caller, args, answer)?;
            if let Some(result) = results.first_mut() {
                *result = Value::I32(errno.into());
            }
            Ok(())
        });
    }
    let exit = FuncType::new([ValType::I32], []);
    linker.func(store, MODULE, "proc_exit", exit, |_, args, _| {
        Err(HostError::Exit(args.first().and_then(Value::as_i32).unwrap_or(0)))
    });
}

fn param(letter: char) -> ValType {
    if letter == 'I' { ValType::I64 } else { ValType::I32 }
}

/// The error number of one call, 0 if it succeeded.
fn call<P, O>(
    state: &RefCell<State>,
    caller: &mut Caller<'_, P, O>,
    args: &[Value],
    answer: Answer,
) -> Result<u16, HostError>
where
    P: PageAllocator + Clone + 'static,
    O: Observer + 'static,
{
    let busy = |_| HostError::Message("a WASI function was called from within another".into());
    let mut state = state.try_borrow_mut().map_err(busy)?;
    let memory = caller.memory_mut().map(|memory| memory as &mut dyn Bytes);
    let answered = answer(&mut state, &mut Guest::new(memory), &Args(args));
    if state.interrupt.as_ref().is_some_and(Interrupt::is_raised) {
        return Err(HostError::Interrupted);
    }
    if answered == Err(Errno::BrokenPipe) && state.ends_at_broken_pipe {
        return Err(HostError::BrokenPipe);
    }
    Ok(answered.map_or_else(|errno| errno as u16, |()| 0))
}
