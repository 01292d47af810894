//! Our interpreter, on each of the backends.

use anyhow::Result;
use wrt_interpreter::wasi::{self, Job as OurJob};
use wrt_interpreter::{Features, Module, TrapReport};
use wrt_platform::{HeapAllocator, MmapAllocator, PageAllocator, StaticArena};

use super::{End, Engine, Job, Outcome};

/// Enough for every workload.
static ARENA: StaticArena<{ 64 << 20 }> = StaticArena::new();

/// The interpreter with memories from one allocator.
struct Ours<P> {
    name: &'static str,
    allocator: P,
}

/// One engine a backend.
pub(crate) fn all() -> Vec<Box<dyn Engine>> {
    vec![
        Box::new(Ours { name: "mmap", allocator: MmapAllocator::new() }),
        Box::new(Ours { name: "heap", allocator: HeapAllocator::new() }),
        Box::new(Ours { name: "static", allocator: &ARENA }),
    ]
}

impl<P: PageAllocator + Clone + 'static> Engine for Ours<P> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&self, job: &Job) -> Result<Outcome> {
        let module = Module::new(&job.wasm, &Features::ALL)?;
        let mut ours = OurJob::new(&job.args).stdin(&*job.stdin);
        if let Some((path, name)) = &job.dir {
            ours = ours.preopen(&**path, name);
        }
        let outcome = ours.run(&module, self.allocator.clone())?;
        let end = match outcome.end {
            wasi::End::Exit(status) => End::Exit(status),
            wasi::End::Trap(report) => {
                End::Trap { why: report.to_string(), access: access_of(&report) }
            }
        };
        Ok(Outcome { end, stdout: outcome.stdout, stderr: outcome.stderr })
    }
}

/// The access that trapped, in the words of the programs' cases.
fn access_of(report: &TrapReport) -> Option<String> {
    let (function, access) = (report.function.as_ref()?, report.access.as_ref()?);
    Some(format!("{function}:{}:{}", access.address, access.size))
}
