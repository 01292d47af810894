//! Sources of memories: the bare system, our allocators, and the engines, each in its best
//! settings. One file for each engine.

use std::io::{Error, Result};

use wrt_benches::{Bare, Life, Ours, Source};
use wrt_platform::{MmapAllocator, PoolAllocator, PoolConfig};

mod kept;
mod module;
mod wasmi;
mod wasmtime;

pub(crate) use kept::{Hoard, KEEPERS, Keeper};

/// A side of the comparison.
pub(crate) struct Maker {
    /// The name in tables; settings of the same engine differ in what follows a comma.
    pub(crate) name: &'static str,
    /// Whether it is one of our own allocators.
    pub(crate) ours: bool,
    /// Whether it is our pool, which has limits to keep.
    pub(crate) pooled: bool,
    source: for<'a> fn(&'a Life) -> Result<Box<dyn Source + 'a>>,
}

impl Maker {
    /// Its source of the memories of `life`.
    ///
    /// # Errors
    ///
    /// When it cannot make such memories here.
    pub(crate) fn source<'a>(&self, life: &'a Life) -> Result<Box<dyn Source + 'a>> {
        (self.source)(life)
    }
}

/// The baseline of all others.
pub(crate) const BARE: Maker = Maker {
    name: "bare",
    ours: false,
    pooled: false,
    source: |life| Ok(Box::new(Bare::new(life)?)),
};

/// All others.
pub(crate) const MAKERS: [Maker; 7] = [
    Maker { name: "ours, pool", ours: true, pooled: true, source: |life| pooled(life) },
    Maker {
        name: "ours, mmap",
        ours: true,
        pooled: false,
        source: |life| Ok(Box::new(Ours::new(MmapAllocator::new(), life)?)),
    },
    Maker {
        name: "wasmtime pooling, default",
        ours: false,
        pooled: false,
        source: |life| Ok(Box::new(wasmtime::Wasmtime::pooling(life)?)),
    },
    Maker {
        name: "wasmtime pooling, keeps 64 KiB",
        ours: false,
        pooled: false,
        source: |life| Ok(Box::new(wasmtime::Wasmtime::keeping_resident(life)?)),
    },
    Maker {
        name: "wasmtime pooling, PAGEMAP_SCAN",
        ours: false,
        pooled: false,
        source: |life| Ok(Box::new(wasmtime::Wasmtime::scanning(life)?)),
    },
    Maker {
        name: "wasmtime on demand",
        ours: false,
        pooled: false,
        source: |life| Ok(Box::new(wasmtime::Wasmtime::on_demand(life)?)),
    },
    Maker {
        name: "wasmi",
        ours: false,
        pooled: false,
        source: |life| Ok(Box::new(wasmi::Wasmi::new(life)?)),
    },
];

/// Slots for a few threads' memories.
fn pooled<'a>(life: &'a Life) -> Result<Box<dyn Source + 'a>> {
    let pool = PoolAllocator::new(&PoolConfig::new(16, life.bytes() as u64));
    Ok(Box::new(Ours::new(pool.map_err(Error::other)?, life)?))
}
