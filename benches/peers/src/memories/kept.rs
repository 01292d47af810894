//! Memories that stay alive, in a given number.

use std::io::{Error, Result};
use std::sync::Arc;

use wasmi::Store as WasmiStore;
use wasmtime::Store;
use wrt_benches::{BareSlot, HOST_PAGE, Life};
use wrt_platform::{
    GuardPolicy, MmapAllocator, PageAllocator, PoolAllocator, PoolConfig, PoolLayout,
};
use wrt_runtime::{LinearMemory, MemoryBuilder, MemoryType};

use super::wasmi::Wasmi;
use super::wasmtime::Wasmtime;

/// Bytes of a WebAssembly page.
const PAGE: usize = 65_536;

/// Reservation of a bare memory with full guards.
const RESERVED: usize = 4 << 30;

/// A way of keeping memories of one page.
pub(crate) struct Keeper {
    /// The name in tables.
    pub(crate) name: &'static str,
    /// The bare way of as many bytes of address space.
    pub(crate) floor: &'static str,
    /// The most KiB each that we guarantee.
    pub(crate) limit: Option<f64>,
    /// Whether it is our pool for as many memories as one likes.
    pub(crate) pooled: bool,
    make: fn(u32) -> Result<Box<dyn Hoard>>,
}

impl Keeper {
    /// Whether it is a bare way itself.
    pub(crate) fn is_floor(&self) -> bool {
        self.name == self.floor
    }

    /// Room for `count` memories; nothing is kept yet.
    ///
    /// # Errors
    ///
    /// When there is no room for them.
    pub(crate) fn hoard(&self, count: u32) -> Result<Box<dyn Hoard>> {
        (self.make)(count)
    }
}

/// Memories that are kept until the end.
pub(crate) trait Hoard {
    /// Makes one more, and writes a byte to it.
    ///
    /// # Errors
    ///
    /// When it cannot be created.
    fn add(&mut self) -> Result<()>;
}

/// A list of memories and how to make another.
struct List<T, F>(Vec<T>, F);

impl<T, F: FnMut() -> Result<T>> Hoard for List<T, F> {
    fn add(&mut self) -> Result<()> {
        let List(kept, make) = self;
        kept.push(make()?);
        Ok(())
    }
}

fn list<T: 'static>(make: impl FnMut() -> Result<T> + 'static) -> Box<dyn Hoard> {
    Box::new(List(Vec::new(), make))
}

/// The bare way of memories side by side.
const MAPPINGS: &str = "bare mappings of 64 KiB";
/// The bare way of memories that guards keep apart.
const RESERVATIONS: &str = "bare reservations of 4 GiB";

/// All ways.
pub(crate) const KEEPERS: [Keeper; 11] = [
    Keeper {
        name: "ours, dense pool",
        floor: MAPPINGS,
        limit: Some(5.0),
        pooled: true,
        make: |count| pool(count, PAGE as u64, PoolLayout::Dense),
    },
    Keeper {
        name: "ours, pool with full guards",
        floor: RESERVATIONS,
        limit: Some(12.5),
        pooled: false,
        make: |count| pool(count, RESERVED as u64, PoolLayout::FullGuards),
    },
    Keeper {
        name: MAPPINGS,
        floor: MAPPINGS,
        limit: None,
        pooled: false,
        make: |_| Ok(list(|| touched(BareSlot::zeroed(PAGE)?))),
    },
    Keeper {
        name: RESERVATIONS,
        floor: RESERVATIONS,
        limit: None,
        pooled: false,
        make: |_| Ok(list(|| touched(BareSlot::reserved(PAGE, RESERVED)?))),
    },
    Keeper {
        name: "ours, mmap with full guards",
        floor: RESERVATIONS,
        limit: Some(12.5),
        pooled: false,
        make: |_| Ok(list(|| ours(full_guards()?, MmapAllocator::new()))),
    },
    Keeper {
        name: "ours, mmap without guards",
        floor: MAPPINGS,
        limit: None,
        pooled: false,
        make: |_| Ok(list(|| ours(without_guards()?, MmapAllocator::new()))),
    },
    Keeper {
        name: "wasmtime pooling, a store each",
        floor: RESERVATIONS,
        limit: None,
        pooled: false,
        make: |count| Ok(stores(Wasmtime::pool_of(count, &Life::plain(1))?, 1)),
    },
    Keeper {
        name: "wasmtime pooling, 10,000 in a store",
        floor: RESERVATIONS,
        limit: None,
        pooled: false,
        make: |count| Ok(stores(Wasmtime::pool_of(count, &Life::plain(1))?, 10_000)),
    },
    Keeper {
        name: "wasmtime pooling without guards, a store each",
        floor: MAPPINGS,
        limit: None,
        pooled: false,
        make: |count| Ok(stores(Wasmtime::dense_pool_of(count, &Life::plain(1))?, 1)),
    },
    Keeper {
        name: "wasmtime pooling without guards, 10,000 in a store",
        floor: MAPPINGS,
        limit: None,
        pooled: false,
        make: |count| Ok(stores(Wasmtime::dense_pool_of(count, &Life::plain(1))?, 10_000)),
    },
    Keeper { name: "wasmi", floor: MAPPINGS, limit: None, pooled: false, make: wasmi },
];

fn touched(mut slot: BareSlot) -> Result<BareSlot> {
    slot.bytes()[HOST_PAGE] = 1;
    Ok(slot)
}

fn memory_type(maximum: Option<u64>) -> Result<MemoryType> {
    MemoryType::wasm32(1, maximum).map_err(Error::other)
}

fn full_guards() -> Result<MemoryBuilder<'static>> {
    Ok(MemoryBuilder::new(memory_type(None)?).guards(GuardPolicy::FullGuards))
}

fn without_guards() -> Result<MemoryBuilder<'static>> {
    Ok(MemoryBuilder::new(memory_type(Some(1))?).guards(GuardPolicy::ChecksOnly))
}

fn pool(count: u32, bytes: u64, layout: PoolLayout) -> Result<Box<dyn Hoard>> {
    let config = PoolConfig::new(count as usize, bytes).layout(layout);
    let pool = Arc::new(PoolAllocator::new(&config).map_err(Error::other)?);
    let builder = MemoryBuilder::new(memory_type(None)?).limit_pages(bytes >> 16);
    Ok(list(move || ours(builder, Arc::clone(&pool))))
}

fn ours<P: PageAllocator>(builder: MemoryBuilder<'_>, allocator: P) -> Result<LinearMemory<P>> {
    let mut memory = builder.allocate(allocator).map_err(Error::other)?;
    memory.data_mut().map_err(Error::other)?[HOST_PAGE] = 1;
    Ok(memory)
}

fn wasmi(_: u32) -> Result<Box<dyn Hoard>> {
    let source = Wasmi::new(&Life::plain(1))?;
    Ok(list(move || -> Result<WasmiStore<()>> {
        let (mut store, memory) = source.make()?;
        memory.data_mut(&mut store)[HOST_PAGE] = 1;
        Ok(store)
    }))
}

/// Instances of wasmtime, with a given number in each store.
struct Stores {
    source: Wasmtime,
    in_a_store: usize,
    kept: Vec<Store<()>>,
    in_the_last: usize,
}

fn stores(source: Wasmtime, in_a_store: usize) -> Box<dyn Hoard> {
    Box::new(Stores { source, in_a_store, kept: Vec::new(), in_the_last: in_a_store })
}

impl Hoard for Stores {
    fn add(&mut self) -> Result<()> {
        if self.in_the_last == self.in_a_store {
            self.kept.push(self.source.store());
            self.in_the_last = 0;
        }
        let Some(store) = self.kept.last_mut() else { return Ok(()) };
        let memory = self.source.add(store)?;
        memory.data_mut(store)[HOST_PAGE] = 1;
        self.in_the_last += 1;
        Ok(())
    }
}
