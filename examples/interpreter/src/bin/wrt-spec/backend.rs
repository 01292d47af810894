//! The backends that `--backend` names.

use std::sync::Arc;

use clap::builder::PossibleValuesParser;
use wrt_platform::{AllocError, AllocErrorKind, HeapAllocator, PageAllocator, StaticArena};

/// Bytes of the static backend's arena, and of a slot of a pool.
const ROOM: usize = 16 << 20;

/// The arena of the static backend. It has more slots than any script has memories, so that
/// only bytes can run out.
static ARENA: StaticArena<ROOM, 1024> = StaticArena::new();

/// A backend: its name and how to have one.
struct Row {
    name: &'static str,
    /// Whether its memories may have more than [`ROOM`].
    roomy: bool,
    make: fn() -> Result<Arc<dyn PageAllocator>, AllocError>,
}

/// All that this host has.
const BACKENDS: &[Row] = &[
    #[cfg(unix)]
    Row { name: "mmap", roomy: true, make: || Ok(Arc::new(wrt_platform::MmapAllocator::new())) },
    #[cfg(windows)]
    Row {
        name: "virtual-alloc",
        roomy: true,
        make: || Ok(Arc::new(wrt_platform::VirtualAllocator::new())),
    },
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    Row { name: "mte", roomy: true, make: || Ok(Arc::new(wrt_platform::MteAllocator::new()?)) },
    #[cfg(unix)]
    Row { name: "pool", roomy: false, make: || pool(wrt_platform::PoolLayout::SmallGuard) },
    #[cfg(unix)]
    Row { name: "dense-pool", roomy: false, make: || pool(wrt_platform::PoolLayout::Dense) },
    Row { name: "static", roomy: false, make: || Ok(Arc::new(&ARENA)) },
    Row { name: "heap", roomy: true, make: || Ok(Arc::new(HeapAllocator::new())) },
];

/// The name for all of them.
pub(crate) const ALL: &str = "all";

/// A pool with more slots than any script has memories.
#[cfg(unix)]
fn pool(layout: wrt_platform::PoolLayout) -> Result<Arc<dyn PageAllocator>, AllocError> {
    let config = wrt_platform::PoolConfig::new(40, ROOM as u64).layout(layout);
    Ok(Arc::new(wrt_platform::PoolAllocator::new(&config)?))
}

/// What `--backend` takes.
pub(crate) fn names() -> PossibleValuesParser {
    let names = BACKENDS.iter().map(|backend| backend.name);
    PossibleValuesParser::new(names.chain([ALL]).collect::<Vec<_>>())
}

/// The backends of this name, or all.
pub(crate) fn named(name: &str) -> impl Iterator<Item = Result<Backend, AllocError>> {
    let rows = BACKENDS.iter().filter(move |row| name == ALL || row.name == name);
    rows.map(|row| Ok(Backend { name: row.name, roomy: row.roomy, allocator: (row.make)()? }))
}

/// Where memory comes from: one for all scripts, so that what is used again is used again.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) name: &'static str,
    roomy: bool,
    allocator: Arc<dyn PageAllocator>,
}

impl Backend {
    pub(crate) fn allocator(&self) -> Arc<dyn PageAllocator> {
        Arc::clone(&self.allocator)
    }

    /// Whether the reason for an error is that the backend has so little room. The others have
    /// the host's memory and no excuse.
    pub(crate) fn is_too_small(&self, error: &AllocError) -> bool {
        let full = matches!(error.kind, AllocErrorKind::Exhausted | AllocErrorKind::Capacity);
        !self.roomy && full
    }
}
