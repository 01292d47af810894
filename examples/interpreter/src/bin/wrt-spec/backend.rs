//! The backends that `--backend` names.

use std::sync::Arc;

use clap::ValueEnum;
use wrt_platform::{AllocError, AllocErrorKind, HeapAllocator, PageAllocator, StaticArena};

/// The arena of the static backend. It has more slots than any script has memories, so that
/// only bytes can run out.
static ARENA: StaticArena<{ 16 << 20 }, 1024> = StaticArena::new();

/// What the command line says.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Choice {
    #[cfg(unix)]
    Mmap,
    #[cfg(windows)]
    VirtualAlloc,
    Static,
    Heap,
    #[default]
    All,
}

/// Where memory comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    #[cfg(unix)]
    Mmap,
    #[cfg(windows)]
    VirtualAlloc,
    Static,
    Heap,
}

/// All that this host has.
const ALL: &[Backend] = &[
    #[cfg(unix)]
    Backend::Mmap,
    #[cfg(windows)]
    Backend::VirtualAlloc,
    Backend::Static,
    Backend::Heap,
];

impl Choice {
    pub(crate) fn backends(self) -> impl Iterator<Item = Backend> {
        let name = match self {
            #[cfg(unix)]
            Self::Mmap => Some("mmap"),
            #[cfg(windows)]
            Self::VirtualAlloc => Some("virtual-alloc"),
            Self::Static => Some("static"),
            Self::Heap => Some("heap"),
            Self::All => None,
        };
        ALL.iter().copied().filter(move |backend| name.is_none_or(|name| backend.name() == name))
    }
}

impl Backend {
    pub(crate) fn name(self) -> &'static str {
        match self {
            #[cfg(unix)]
            Self::Mmap => "mmap",
            #[cfg(windows)]
            Self::VirtualAlloc => "virtual-alloc",
            Self::Static => "static",
            Self::Heap => "heap",
        }
    }

    pub(crate) fn allocator(self) -> Arc<dyn PageAllocator> {
        match self {
            #[cfg(unix)]
            Self::Mmap => Arc::new(wrt_platform::MmapAllocator::new()),
            #[cfg(windows)]
            Self::VirtualAlloc => Arc::new(wrt_platform::VirtualAllocator::new()),
            Self::Static => Arc::new(&ARENA),
            Self::Heap => Arc::new(HeapAllocator::new()),
        }
    }

    /// Whether the reason for an error is that the arena is too small. The other backends have
    /// the host's memory and no excuse.
    pub(crate) fn is_too_small(self, error: &AllocError) -> bool {
        let full = matches!(error.kind, AllocErrorKind::Exhausted | AllocErrorKind::Capacity);
        self == Self::Static && full
    }
}
