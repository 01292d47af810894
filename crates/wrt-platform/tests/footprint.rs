//! Size of a static arena in a program's file: nothing.

use std::env;
use std::fs;

use wrt_platform::StaticArena;

const BYTES: usize = 256 << 20;

static ARENA: StaticArena<BYTES> = StaticArena::new();

/// An arena is in `.bss` only if all of it is zero at the start; otherwise the program, or a
/// device's flash, would hold its bytes.
#[test]
fn an_arena_takes_no_room_in_the_program() {
    assert_eq!(ARENA.free_bytes(), BYTES);
    let program = fs::metadata(env::current_exe().unwrap()).unwrap();
    assert!(program.len() < BYTES as u64, "the program has {} bytes", program.len());
}
