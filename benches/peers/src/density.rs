//! Physical memory of a live memory, and the most live memories.
//!
//! Every way of keeping memories has a separate process without huge pages. The figure is the
//! growth of resident memory and page tables over a number of memories, divided by that number. The
//! first memory, the engine and the pool itself are there before.

use std::env;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::memories::{Hoard, KEEPERS, Keeper};
use crate::row::Row;

const GROUP: &str = "density, one page touched";
const GROUP_OF_MANY: &str = "live memories";
const COUNT: u32 = 10_000;
const MANY: u32 = 100_000;

/// The rows of every keeper whose name contains `filter`.
pub(crate) fn compare(filter: &str) -> Result<()> {
    let mut all = Vec::new();
    for keeper in &KEEPERS {
        let kept = keep_apart(keeper, COUNT)?;
        ensure!(kept.live == COUNT, "{}: only {} memories", keeper.name, kept.live);
        all.push(kept);
    }
    for (keeper, kept) in KEEPERS.iter().zip(&all).filter(|(keeper, _)| !keeper.is_floor()) {
        let floor = KEEPERS.iter().zip(&all).find(|(other, _)| other.name == keeper.floor);
        let floor = floor.context("a floor that is no keeper")?.1.kib();
        if keeper.name.contains(filter) {
            print_density(keeper, kept, floor);
        }
    }
    for keeper in KEEPERS.iter().filter(|keeper| keeper.name.contains(filter)) {
        let live = keep_apart(keeper, MANY)?.live;
        let amounts = [live, MANY].map(|count| format!("{count} live"));
        let ratio = f64::from(MANY) / f64::from(live);
        let limit = keeper.pooled.then_some(1.0);
        let row = Row::new(GROUP_OF_MANY, keeper.name.to_owned(), amounts, ratio, String::new());
        row.limit(limit).print();
    }
    Ok(())
}

/// The row of one keeper; the parts of its amount stand where the spread is elsewhere.
fn print_density(keeper: &Keeper, kept: &Kept, floor: f64) {
    let case = format!("{} / {}", keeper.name, keeper.floor);
    let amounts = [kept.kib(), floor].map(|kib| format!("{kib:.2} KiB"));
    let parts = format!("{:.1}+{:.1}", kept.resident, kept.tables);
    let row = Row::new(GROUP, case, amounts, kept.kib() / floor, parts);
    row.limit(keeper.limit.map(|limit| limit / floor)).print();
}

/// Number of memories, and the KiB for each.
struct Kept {
    live: u32,
    resident: f64,
    tables: f64,
}

impl Kept {
    fn kib(&self) -> f64 {
        self.resident + self.tables
    }
}

/// Keeps `count` memories in a separate process.
fn keep_apart(keeper: &Keeper, count: u32) -> Result<Kept> {
    let program = env::current_exe()?;
    let output = Command::new(program).args(["keep", keeper.name, &count.to_string()]).output()?;
    let remarks = String::from_utf8_lossy(&output.stderr);
    eprint!("{remarks}");
    ensure!(output.status.success(), "{}: {}", keeper.name, output.status);
    let text = String::from_utf8(output.stdout)?;
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [live, resident, tables] = fields[..] else { bail!("{}: said `{text}`", keeper.name) };
    let live: u32 = live.parse()?;
    let each = |all: &str| all.parse::<f64>().map(|kib| kib / f64::from(live));
    Ok(Kept { live, resident: each(resident)?, tables: each(tables)? })
}

/// In the separate process: keeps up to `count` memories and prints their number and size.
pub(crate) fn keep(name: &str, count: u32) -> Result<()> {
    rustix::thread::disable_transparent_huge_pages(true)?;
    let keeper = KEEPERS.iter().find(|keeper| keeper.name == name);
    let keeper = keeper.with_context(|| format!("nobody keeps memories as `{name}`"))?;
    // One is there before the first reading.
    let mut hoard = most_room(keeper, count + 1)?;
    hoard.add()?;
    let (resident, tables) = (status("VmRSS:")?, status("VmPTE:")?);
    let mut live = 0;
    while live < count {
        if let Err(error) = hoard.add() {
            eprintln!("{name}: not one more than {live}: {error:#}");
            break;
        }
        live += 1;
    }
    println!("{live} {} {}", status("VmRSS:")? - resident, status("VmPTE:")? - tables);
    // So many mappings take long to undo one by one; the system does it at once.
    std::mem::forget(hoard);
    Ok(())
}

/// Room for `count` memories, or for as many as there is room for, to an eighth.
fn most_room(keeper: &Keeper, count: u32) -> Result<Box<dyn Hoard>> {
    let name = keeper.name;
    let error = match keeper.hoard(count) {
        Ok(hoard) => return Ok(hoard),
        Err(error) => error,
    };
    let mut room = count;
    while room > 8 {
        room -= room / 8;
        if let Ok(hoard) = keeper.hoard(room) {
            eprintln!("{name}: room for {room}, none for {count}: {error:#}");
            return Ok(hoard);
        }
    }
    bail!("{name}: no room: {error:#}")
}

/// A line of `/proc/self/status`, in KiB.
fn status(key: &str) -> Result<f64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let value = line.with_context(|| format!("no {key} in /proc/self/status"))?;
    Ok(value.trim().trim_end_matches(" kB").parse()?)
}
