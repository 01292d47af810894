//! Instructions of an access: the observer `()` must compile to nothing.
//!
//! Counted by `valgrind --tool=callgrind`, not timed: the same loop over the same addresses through
//! a `Region`, which has no observers, and through a `LinearMemory` observed by `()`: loads and
//! stores of 4 bytes, loads of 2, and copies of 16 from another memory. The bench runs itself under
//! valgrind, once for each side, and fails if the counts differ. `cargo test --benches` runs the
//! loops once and counts nothing: that is not optimized.

use std::env;
use std::hint::black_box;
use std::process::{Command, ExitCode};

use wrt_benches::addresses;
use wrt_instructions::{MemArg, i32_load, i32_load16_u, i32_store, memory_copy_between};
use wrt_platform::{HeapAllocator, Region, ReserveRequest};
use wrt_runtime::{LinearMemory, MemoryType};

const OFFSET: u64 = 16;
const ACCESSES: u32 = 4096;

type Memory = LinearMemory<HeapAllocator>;

#[inline(never)]
fn load_region(region: &Region<HeapAllocator>, addresses: &[u32]) -> Option<u32> {
    let mut sum = 0_u32;
    for &address in addresses {
        let bytes = region.array(u64::from(address) + OFFSET).ok()?;
        sum = sum.wrapping_add(u32::from_le_bytes(*bytes));
    }
    Some(sum)
}

#[inline(never)]
fn load_memory(memory: &Memory, addresses: &[u32]) -> Option<u32> {
    let mut sum = 0_u32;
    for &address in addresses {
        let value = i32_load(memory, MemArg::offset(OFFSET), address).ok()?;
        sum = sum.wrapping_add(value.cast_unsigned());
    }
    Some(sum)
}

#[inline(never)]
fn store_region(region: &mut Region<HeapAllocator>, addresses: &[u32]) -> Option<()> {
    for &address in addresses {
        region.store(u64::from(address) + OFFSET, address.to_le_bytes()).ok()?;
    }
    Some(())
}

#[inline(never)]
fn store_memory(memory: &mut Memory, addresses: &[u32]) -> Option<()> {
    for &address in addresses {
        i32_store(memory, MemArg::offset(OFFSET), address, address.cast_signed()).ok()?;
    }
    Some(())
}

#[inline(never)]
fn narrow_region(region: &Region<HeapAllocator>, addresses: &[u32]) -> Option<u32> {
    let mut sum = 0_u32;
    for &address in addresses {
        let bytes = region.array(u64::from(address) + OFFSET).ok()?;
        sum = sum.wrapping_add(u32::from(u16::from_le_bytes(*bytes)));
    }
    Some(sum)
}

#[inline(never)]
fn narrow_memory(memory: &Memory, addresses: &[u32]) -> Option<u32> {
    let mut sum = 0_u32;
    for &address in addresses {
        let value = i32_load16_u(memory, MemArg::offset(OFFSET), address).ok()?;
        sum = sum.wrapping_add(value.cast_unsigned());
    }
    Some(sum)
}

#[inline(never)]
fn copy_regions(
    target: &mut Region<HeapAllocator>,
    source: &Region<HeapAllocator>,
    addresses: &[u32],
) -> Option<()> {
    for &address in addresses {
        let bytes = source.lend(u64::from(address), OFFSET).ok()?;
        target.copy_in(u64::from(address) + OFFSET, bytes).ok()?;
    }
    Some(())
}

#[inline(never)]
fn copy_memories(target: &mut Memory, source: &Memory, addresses: &[u32]) -> Option<()> {
    for &address in addresses {
        let to = u64::from(address) + OFFSET;
        memory_copy_between(target, to, source, u64::from(address), OFFSET).ok()?;
    }
    Some(())
}

/// The functions that are counted, in pairs that must be equal.
const PAIRS: [[&str; 2]; 4] = [
    ["load_region", "load_memory"],
    ["store_region", "store_memory"],
    ["narrow_region", "narrow_memory"],
    ["copy_regions", "copy_memories"],
];

#[expect(clippy::expect_used, reason = "a bench without its memory cannot go on")]
fn run_all_sides() {
    let words = addresses(ACCESSES, 16 << 10, false);
    let request = ReserveRequest::new(65536, 65536);
    let new_region = || Region::new(HeapAllocator::new(), &request).expect("64 KiB");
    let (mut region, other_region) = (new_region(), new_region());
    let ty = MemoryType::wasm32(1, Some(1)).expect("the type is valid");
    let new_memory = || LinearMemory::new(HeapAllocator::new(), ty).expect("64 KiB");
    let (mut memory, other_memory) = (new_memory(), new_memory());
    black_box(load_region(black_box(&region), black_box(&words)));
    black_box(load_memory(black_box(&memory), black_box(&words)));
    black_box(store_region(black_box(&mut region), black_box(&words)));
    black_box(store_memory(black_box(&mut memory), black_box(&words)));
    black_box(narrow_region(black_box(&region), black_box(&words)));
    black_box(narrow_memory(black_box(&memory), black_box(&words)));
    let (to, from) = (black_box(&mut region), black_box(&other_region));
    black_box(copy_regions(to, from, black_box(&words)));
    let (to, from) = (black_box(&mut memory), black_box(&other_memory));
    black_box(copy_memories(to, from, black_box(&words)));
}

/// Instructions executed inside `function`, counted by callgrind.
fn count(function: &str) -> Result<u64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        // Options of the user's own may be those of another tool, or hide the count.
        .arg("--command-line-only=yes")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--collect-atstart=no")
        .arg(format!("--toggle-collect=*{function}*"))
        .arg(program)
        .arg("--run-all-sides")
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.lines().find_map(|line| line.split_once("Collected : "));
    let number = collected.and_then(|(_, number)| number.trim().parse().ok());
    number.ok_or_else(|| format!("valgrind reported no count:\n{report}"))
}

fn compare() -> Result<bool, String> {
    let mut all_equal = true;
    for [region, memory] in PAIRS {
        let (without, with) = (count(region)?, count(memory)?);
        let per_access = without as f64 / f64::from(ACCESSES);
        let verdict = if with == without { "equal" } else { "DIFFERENT" };
        println!(
            "{region}: {without} instructions, {memory}: {with} ({per_access:.2} an access): {verdict}"
        );
        all_equal &= with == without && without > u64::from(ACCESSES);
    }
    Ok(all_equal)
}

fn main() -> ExitCode {
    if env::args().any(|argument| argument == "--run-all-sides") {
        run_all_sides();
        return ExitCode::SUCCESS;
    }
    if !wrt_benches::measures() {
        run_all_sides();
        println!("not counted: `cargo bench` does that");
        return ExitCode::SUCCESS;
    }
    match compare() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}
