//! `wrt-run`: runs a WebAssembly program on a memory of the backend one chooses.
//!
//! `main` loads and reports; `options.rs` is the command line, `source.rs` reads the module,
//! `backend.rs` has the allocators, `values.rs` the arguments and results of `--invoke`.
#![forbid(unsafe_code)]

mod backend;
mod options;
mod source;
mod values;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use wrt_interpreter::wasi::WasiContext;
use wrt_interpreter::{
    Error, Extern, Features, InstanceId, InstantiateError, Linker, Module, Store, StoreConfig,
    TrapReport,
};
use wrt_platform::PageAllocator;
use wrt_runtime::{Metrics, Observer};

use crate::options::Options;

/// What a shell reports of a program that was aborted.
const TRAPPED: u8 = 134;

type Allocator = Arc<dyn PageAllocator>;

/// How a program ends that was run.
enum End {
    Exit(i32),
    Trap(Box<TrapReport>),
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        // As a process does: the low byte.
        Ok(End::Exit(code)) => ExitCode::from(code as u8),
        Ok(End::Trap(report)) => {
            say(&format!("trap: {report}"));
            ExitCode::from(TRAPPED)
        }
        Err(problem) => {
            say(&problem);
            ExitCode::FAILURE
        }
    }
}

/// Writes one line to error output, if somebody is there to read it.
fn say(text: &str) {
    let line: Vec<&str> = text.lines().map(str::trim).collect();
    let _ = writeln!(io::stderr(), "wrt-run: {}", line.join(" "));
}

fn run(options: &Options) -> Result<End, String> {
    let bytes = source::read(options.file())?;
    let module = Module::new(&bytes, &Features::ALL).map_err(|error| options.in_file(error))?;
    let context = WasiContext::builder().inherit_streams().args(options.program());
    let context = options
        .dir
        .iter()
        .fold(context, |context, dir| context.preopen(dir, dir.to_string_lossy()))
        .build()
        .map_err(|error| error.to_string())?;
    let allocator = options.backend.allocator(&backend::ROOM).map_err(|error| error.to_string())?;
    let program = Program { options, module, context };
    if options.metrics {
        program.run(StoreConfig::new(allocator, Metrics::default), show_metrics)
    } else {
        program.run(StoreConfig::plain(allocator), |_| {})
    }
}

struct Program<'a> {
    options: &'a Options,
    module: Module,
    context: WasiContext,
}

impl Program<'_> {
    fn run<O: Observer + 'static>(
        &self,
        config: StoreConfig<Allocator, O>,
        report: impl Fn(&Store<Allocator, O>),
    ) -> Result<End, String> {
        let mut store = Store::new(config.max_pages(self.options.max_pages));
        let ended = self.run_in(&mut store);
        let flushed = self.context.flush();
        report(&store);
        let end = ended?;
        flushed.map_err(|error| format!("cannot write the program's output: {error}"))?;
        Ok(end)
    }

    fn run_in<O: Observer + 'static>(
        &self,
        store: &mut Store<Allocator, O>,
    ) -> Result<End, String> {
        let mut linker = Linker::default();
        self.context.define(&mut linker, store);
        let called = match linker.instantiate(store, &self.module) {
            Ok(instance) => self.call(store, instance)?,
            Err(InstantiateError::Run(error)) => Err(error),
            Err(error) => return Err(self.options.in_file(error)),
        };
        match called {
            Ok(()) => Ok(End::Exit(0)),
            Err(Error::Exit(code)) => Ok(End::Exit(code)),
            Err(Error::Trap(report)) => Ok(End::Trap(report)),
            Err(error) => Err(self.options.in_file(error)),
        }
    }

    /// Calls what is to be called; the outer error is that it cannot be.
    fn call<O: Observer + 'static>(
        &self,
        store: &mut Store<Allocator, O>,
        instance: InstanceId,
    ) -> Result<Result<(), Error>, String> {
        let Some(name) = &self.options.invoke else {
            return Ok(store.invoke(instance, "_start", &[]).map(|_| ()));
        };
        let ty = match store.export(instance, name) {
            Some(Extern::Func(func)) => store.func_type(func),
            _ => None,
        };
        let missing = || self.options.in_file(format!("no exported function {name:?}"));
        let ty = ty.ok_or_else(missing)?;
        let args = values::parse(name, &ty, self.options.args())?;
        // A library is made ready before it is called.
        if let Some(Extern::Func(_)) = store.export(instance, "_initialize")
            && let Err(error) = store.invoke(instance, "_initialize", &[])
        {
            return Ok(Err(error));
        }
        match store.invoke(instance, name, &args) {
            Ok(results) => {
                let flushed = self.context.flush();
                let printed = flushed.and_then(|()| values::print(&results));
                printed.map_err(|error| format!("cannot write the results: {error}"))?;
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(error)),
        }
    }
}

fn show_metrics(store: &Store<Allocator, Metrics>) {
    for (index, memory) in store.memories().enumerate() {
        let name = memory.debug_name().map_or_else(String::new, |name| format!(" {name:?}"));
        let _ = write!(io::stderr(), "memory {index}{name}\n{}", memory.metrics());
    }
}
