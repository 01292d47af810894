//! The allocators that `--backend` names.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use wrt_interpreter::{Backend, Room};
use wrt_platform::StaticArena;

/// Bytes of the arena, and of a slot of a pool. Address space is scarce where a pointer has 32 bits.
const BYTES: usize = if usize::BITS < 64 { 16 << 20 } else { 64 << 20 };

/// Large enough for common programs. It is in `.bss`: untouched pages cost nothing.
static ARENA: StaticArena<BYTES> = StaticArena::new();

/// Memory of the backends of fixed size.
pub(crate) static ROOM: Room = Room { arena: &&ARENA, slots: 16, slot_bytes: BYTES as u64 };

/// The name of the default.
pub(crate) fn default() -> &'static str {
    Backend::all().first().map_or("", Backend::name)
}

/// Parser of the argument of `--backend`.
pub(crate) fn parser() -> impl TypedValueParser<Value = &'static Backend> {
    let values = Backend::all().iter().map(|one| PossibleValue::new(one.name()).help(one.about()));
    PossibleValuesParser::new(values)
        .try_map(|name| Backend::named(&name).ok_or("this host has no such backend"))
}
