//! wasmi 2.0 with its own WASI.

use std::io::Cursor;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use wasmi::{CompilationMode, Config, Linker, Module, Store};
use wasmi_wasi::wasi_common::pipe::{ReadPipe, WritePipe};
use wasmi_wasi::{Dir, WasiCtx, WasiCtxBuilder, ambient_authority};

use super::{End, Engine, Job, Outcome};

pub(crate) struct Wasmi;

impl Engine for Wasmi {
    fn name(&self) -> &'static str {
        "wasmi"
    }

    fn run(&self, job: &Job) -> Result<Outcome> {
        let stdout = WritePipe::new_in_memory();
        let stderr = WritePipe::new_in_memory();
        let end = {
            let context = context(job, &stdout, &stderr)?;
            run_to_end(job, context)?
        };
        Ok(Outcome { end, stdout: bytes_of(stdout)?, stderr: bytes_of(stderr)? })
    }
}

/// The fastest of the settings tried: no fuel, functions translated when first
/// called, and stacks deep enough that no program here ends them by accident.
fn config() -> Config {
    let mut config = Config::default();
    config
        .compilation_mode(CompilationMode::Lazy)
        .ignore_custom_sections(true)
        .set_max_recursion_depth(100_000)
        .set_max_stack_height(16 << 20);
    config
}

fn run_to_end(job: &Job, context: WasiCtx) -> Result<End> {
    let engine = wasmi::Engine::new(&config());
    let module = Module::new(&engine, &job.wasm)?;
    let mut store = Store::new(&engine, context);
    let mut linker = Linker::new(&engine);
    wasmi_wasi::add_to_linker(&mut linker, |context| context)?;
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let start = instance.get_typed_func::<(), ()>(&store, "_start")?;
    Ok(match start.call(&mut store, ()) {
        Ok(()) => End::Exit(0),
        Err(error) => match error.i32_exit_status() {
            Some(status) => End::Exit(status),
            None => End::Trap { why: error.to_string(), access: None },
        },
    })
}

type Sink = WritePipe<Cursor<Vec<u8>>>;

fn context(job: &Job, stdout: &Sink, stderr: &Sink) -> Result<WasiCtx> {
    let stdin = ReadPipe::new(Cursor::new(Arc::clone(&job.stdin)));
    let mut builder = WasiCtxBuilder::new();
    builder
        .args(&job.args)?
        .stdin(Box::new(stdin))
        .stdout(Box::new(stdout.clone()))
        .stderr(Box::new(stderr.clone()));
    if let Some((path, name)) = &job.dir {
        builder.preopened_dir(Dir::open_ambient_dir(path, ambient_authority())?, name)?;
    }
    Ok(builder.build())
}

fn bytes_of(sink: Sink) -> Result<Vec<u8>> {
    let cursor = sink.try_into_inner().map_err(|_| anyhow!("the output is still in use"))?;
    Ok(cursor.into_inner())
}
