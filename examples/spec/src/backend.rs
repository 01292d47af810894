//! The backends that `--backend` names.

use std::sync::Arc;

use clap::builder::PossibleValuesParser;
use wrt_interpreter::Room;
use wrt_platform::{AllocError, AllocErrorKind, PageAllocator, StaticArena};

/// Bytes of the arena, and of a slot of a pool.
const BYTES: usize = 16 << 20;

/// The arena of the static backend. It has more slots than any script has memories, so that
/// only bytes can run out.
static ARENA: StaticArena<BYTES, 1024> = StaticArena::new();

/// Memory of the backends of fixed size, with more slots than any script has memories.
static ROOM: Room = Room { arena: &&ARENA, slots: 40, slot_bytes: BYTES as u64 };

/// The name for all of them.
pub(crate) const ALL: &str = "all";

/// Parser of the argument of `--backend`.
pub(crate) fn names() -> PossibleValuesParser {
    let names = wrt_interpreter::Backend::all().iter().map(wrt_interpreter::Backend::name);
    PossibleValuesParser::new(names.chain([ALL]).collect::<Vec<_>>())
}

/// The backends of this name, or all.
pub(crate) fn named(name: &str) -> impl Iterator<Item = Result<Backend, AllocError>> {
    let kinds = wrt_interpreter::Backend::all().iter();
    kinds.filter(move |kind| name == ALL || kind.name() == name).map(|kind| {
        Ok(Backend {
            name: kind.name(),
            bounded: kind.is_bounded(),
            allocator: kind.allocator(&ROOM)?,
        })
    })
}

/// The allocator, one for all scripts, so that its memory is reused.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) name: &'static str,
    bounded: bool,
    allocator: Arc<dyn PageAllocator>,
}

impl Backend {
    pub(crate) fn allocator(&self) -> Arc<dyn PageAllocator> {
        Arc::clone(&self.allocator)
    }

    /// Whether an error is due to the fixed size of the backend. Always `false` for backends that
    /// use the host's memory.
    pub(crate) fn is_too_small(&self, error: &AllocError) -> bool {
        let full = matches!(
            error.kind,
            AllocErrorKind::Exhausted | AllocErrorKind::SlotSize | AllocErrorKind::Capacity
        );
        self.bounded && full
    }
}
