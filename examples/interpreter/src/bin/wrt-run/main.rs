//! `wrt-run`: runs a WebAssembly program on memories of a chosen backend.
//!
//! `main` loads and runs; `options.rs` is the command line, `source.rs` reads the module,
//! `backend.rs` has the allocators, `values.rs` the arguments and results of `--invoke`, `watch.rs`
//! the time limit and the user's interrupt, `end.rs` the messages at the end, and the exit codes.
#![forbid(unsafe_code)]

mod backend;
mod end;
mod options;
mod source;
mod values;
mod watch;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use wrt_interpreter::wasi::WasiContext;
use wrt_interpreter::{
    Error, Extern, Features, InstanceId, InstantiateError, Linker, Module, Store, StoreConfig,
};
use wrt_platform::PageAllocator;
use wrt_runtime::{Metrics, Observer};

use crate::end::End;
use crate::options::Options;
use crate::watch::Watch;

type Allocator = Arc<dyn PageAllocator>;

fn main() -> ExitCode {
    let options = Options::parse();
    match Watch::start(&options) {
        Ok(watch) => end(run(&options, watch.as_ref()), watch.as_ref()),
        Err(problem) => end(Err(problem), None),
    }
}

/// Prints the outcome of the program, if there is a message.
fn end(ended: Result<End, String>, watch: Option<&Watch>) -> ExitCode {
    if let Some(watch) = watch {
        watch.claim();
    }
    match ended.map(|end| end.report(watch.and_then(Watch::cause))) {
        Ok((code, line)) => {
            line.iter().for_each(|line| say(line));
            ExitCode::from(code)
        }
        Err(problem) => {
            say(&problem);
            ExitCode::FAILURE
        }
    }
}

/// Writes one line to standard error, if it has a reader.
fn say(text: &str) {
    let line: Vec<&str> = text.lines().map(str::trim).collect();
    let _ = writeln!(io::stderr(), "wrt-run: {}", line.join(" "));
}

fn run(options: &Options, watch: Option<&Watch>) -> Result<End, String> {
    let bytes = source::read(options.file())?;
    let metered = options.fuel.is_some() || watch.is_some();
    let load = if metered { Module::metered } else { Module::new };
    let module = load(&bytes, &Features::ALL).map_err(|error| options.in_file(error))?;
    let context = context(options, watch)?;
    let allocator = options.backend.allocator(&backend::ROOM).map_err(|error| error.to_string())?;
    let program = Program { options, watch, module, context };
    if options.metrics {
        program.run(StoreConfig::new(allocator, Metrics::default), show_metrics)
    } else {
        program.run(StoreConfig::plain(allocator), |_| {})
    }
}

/// The WASI context of the program.
fn context(options: &Options, watch: Option<&Watch>) -> Result<WasiContext, String> {
    let mut builder =
        WasiContext::builder().inherit_streams().end_at_broken_pipe().args(options.program());
    for dir in &options.dir {
        builder = builder.preopen(dir, dir.to_string_lossy());
    }
    if let Some(watch) = watch {
        builder = builder.interrupt(watch.interrupt());
    }
    builder.build().map_err(|error| error.to_string())
}

struct Program<'a> {
    options: &'a Options,
    watch: Option<&'a Watch>,
    module: Module,
    context: WasiContext,
}

impl Program<'_> {
    fn run<O: Observer + 'static>(
        &self,
        config: StoreConfig<Allocator, O>,
        report: impl Fn(&Store<Allocator, O>),
    ) -> Result<End, String> {
        let mut store = Store::new(self.limited(config));
        let ended = self.run_in(&mut store);
        // Nobody may read the output of a program that was stopped.
        let stopped = matches!(ended, Ok(End::Stopped(..)));
        if stopped {
            report(&store);
        }
        let flushed = self.context.flush();
        if !stopped {
            report(&store);
        }
        match (ended?, flushed) {
            (end, Ok(())) | (end @ End::Stopped(..), Err(_)) => Ok(end),
            (End::Exit(_), Err(error)) if error.kind() == ErrorKind::BrokenPipe => {
                Ok(End::BrokenPipe)
            }
            (end, Err(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(end),
            (_, Err(error)) => Err(format!("cannot write the program's output: {error}")),
        }
    }

    /// The configuration with the limits of the options.
    fn limited<O: Observer>(&self, config: StoreConfig<Allocator, O>) -> StoreConfig<Allocator, O> {
        let mut config = config.max_pages(self.options.max_pages);
        if let Some(units) = self.options.fuel {
            config = config.fuel(units);
        }
        if let Some(watch) = self.watch {
            config = config.interrupt(watch.interrupt());
        }
        config
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
            Err(Error::Stopped(report)) => Ok(End::Stopped(report, self.options.fuel)),
            Err(Error::BrokenPipe) => Ok(End::BrokenPipe),
            Err(error) => Err(self.options.in_file(error)),
        }
    }

    /// Calls the function to run; the outer error means that it cannot be called.
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
                match flushed.and_then(|()| values::print(&results)) {
                    Ok(()) => Ok(Ok(())),
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                        Ok(Err(Error::BrokenPipe))
                    }
                    Err(error) => Err(format!("cannot write the results: {error}")),
                }
            }
            Err(error) => Ok(Err(error)),
        }
    }
}

fn show_metrics(store: &Store<Allocator, Metrics>) {
    let mut out = io::stderr().lock();
    for (index, memory) in store.memories().enumerate() {
        let name = memory.debug_name().map_or_else(String::new, |name| format!(" {name:?}"));
        let _ = write!(out, "memory {index}{name}\n{}", memory.metrics());
    }
    if let Some(left) = store.fuel() {
        let _ = writeln!(out, "{:<16}{left:>20}", "fuel left");
    }
}
