//! Accesses without a check, as in compiled code: they fault, and a report names the memory, the
//! address and the kind. Each is made in a child process, which ends by the fault.
#![allow(unsafe_code, reason = "accesses without a check, as compiled code has")]

use std::env;
use std::error::Error;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use wrt_platform::{AltStack, CommitPolicy, FaultHandler, MmapAllocator, TrapAction, TrapContext};
use wrt_runtime::{MemoryBuilder, MemoryType};

/// Prints the report of the fault. A JIT would resume compiled code at its trap instead, by
/// `TrapContext::resume_at`.
fn report(trap: &mut TrapContext<'_>) -> TrapAction {
    trap.report().print_to_stderr();
    TrapAction::Decline
}

/// Address of the access, size of the memory in pages, and text of the report. The addresses are
/// those of pages, since some processors (s390x) report only these.
const ACCESSES: [(i64, u64, &str); 4] = [
    (-0x1000, 1, "at -0x1000, 4096 bytes before the start (the guard before the memory)"),
    (0x0, 1, "at 0x0, which is protected (protected)"),
    (0x1_2000, 1, "at 0x1_2000, 8192 bytes past the end (reserved and not accessible)"),
    (
        0x1_0000_2000,
        65536,
        "at 0x1_0000_2000, 8192 bytes past the end (the guard behind the memory)",
    ),
];

fn child(address: i64, pages: u64) -> Result<(), Box<dyn Error>> {
    let _stack = AltStack::new()?;
    // SAFETY: printing a report takes no lock and no allocation.
    unsafe { FaultHandler::install(report) }?;
    let ty = MemoryType::wasm32(1, None)?;
    let mut memory = MemoryBuilder::new(ty)
        .name("heap")
        .commit(CommitPolicy::Exact)
        .inaccessible_prefix(4096)
        .classify_faults()
        .allocate(MmapAllocator::new())?;
    memory.grow(pages - 1)?;
    let place = memory.view().base.as_ptr().wrapping_offset(address as isize);
    // SAFETY: the byte belongs to the memory's reservation, where nothing else is. Either it is
    // readable or the access ends this process.
    let byte = unsafe { place.read_volatile() };
    Err(format!("read {byte} where nothing should be readable").into())
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(number) = env::args().nth(1) {
        let (address, pages, _) = ACCESSES.get(number.parse::<usize>()?).ok_or("no such access")?;
        return child(*address, *pages);
    }
    // Where this is a program for another processor, the emulator runs the children too.
    let runner = env::var("WRT_RUNNER").unwrap_or_default();
    let program = env::current_exe()?;
    for (number, (_, _, expected)) in ACCESSES.iter().enumerate() {
        let mut words = runner.split_whitespace().map(Into::into).chain([program.clone()]);
        let first = words.next().ok_or("no program")?;
        let output = Command::new(first).args(words).arg(number.to_string()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        print!("{said}");
        if output.status.signal().is_none() || !said.contains(*expected) {
            return Err(format!("{}, not: {expected}", output.status).into());
        }
    }
    println!(
        "{} kinds of faults were reported; a bus error takes a file that shrinks,",
        ACCESSES.len()
    );
    println!("and a wrong tag a processor that has tags: the tests of the testkit have both");
    Ok(())
}
