//! Code size of a memory with load, store and grow on bare metal.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection, SectionFlags, elf};

use crate::compiler::Compiler;
use crate::targets;
use crate::workspace::Workspace;

/// The package that is measured, and cargo's name for its code.
const PACKAGE: &str = "wrt-size";
const CODE: &str = "wrt_size";

/// The guide with the ceilings.
const GUIDE: &str = "docs/architecture.md";

/// The most bytes, by target. A row of the guide has the same numbers.
const CEILINGS: [(&str, u64); 2] =
    [("thumbv7em-none-eabi", 10_240), ("riscv32imac-unknown-none-elf", 11_264)];

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let separated = |bytes: u64| format!("{},{:03}", bytes / 1000, bytes % 1000);
    let guide = workspace.sh.read_file(workspace.root.join(GUIDE))?;
    let mut above = Vec::new();
    for (triple, ceiling) in CEILINGS {
        let bytes = measure(workspace, triple)?;
        println!("size: {triple}: {bytes} bytes of code and constants, at most {ceiling}");
        if !guide.contains(&format!("| `{triple}` | {} |", separated(ceiling))) {
            bail!("{GUIDE} has no row with a ceiling of {ceiling} for {triple}");
        }
        if bytes > ceiling {
            above.push(triple);
        }
    }
    if !above.is_empty() {
        bail!("above the ceiling: {}", above.join(", "));
    }
    Ok(())
}

/// Builds the package for a target, optimized for size, and adds up the sections that a linker
/// would place in flash memory: all that its exported functions reach.
fn measure(workspace: &Workspace, triple: &str) -> Result<u64> {
    let target = targets::select(Some(triple))?.remove(0);
    let compiler = Compiler::choose(workspace, &target)?;
    let format = "--message-format=json-render-diagnostics";
    let command = compiler.cargo(workspace, &target, "build");
    let command = command.args(["--quiet", "--profile", "size", "-p", PACKAGE, format]);
    // Code built in several units is larger.
    let messages = command.env("CARGO_INCREMENTAL", "0").quiet().read()?;
    let mut archives = messages.lines().filter_map(|line| {
        let (_, files) = line.split_once("\"filenames\":[\"")?;
        files.split('"').find(|file| file.ends_with(&format!("lib{CODE}.a")))
    });
    let archive = archives.next_back().context("cargo names no archive")?;
    in_archive(Path::new(archive))
}

/// Code and constants of the package's objects in an archive, which by link-time optimization have
/// the crates in them. Functions of the compiler's own library, such as `memcpy`, are not counted.
fn in_archive(path: &Path) -> Result<u64> {
    let data = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = 0;
    let mut found = false;
    for member in ArchiveFile::parse(&*data)?.members() {
        let member = member?;
        if member.name().starts_with(CODE.as_bytes()) {
            found = true;
            bytes += in_object(member.data(&*data)?)?;
        }
    }
    if !found {
        bail!("{} has no object of {PACKAGE}", path.display());
    }
    Ok(bytes)
}

/// Bytes of the sections that are loaded and not written.
fn in_object(data: &[u8]) -> Result<u64> {
    let object = object::File::parse(data)?;
    let is_counted = |section: &object::Section<'_, '_>| match section.flags() {
        SectionFlags::Elf { sh_flags } => {
            sh_flags & u64::from(elf::SHF_ALLOC) != 0 && sh_flags & u64::from(elf::SHF_WRITE) == 0
        }
        _ => false,
    };
    Ok(object.sections().filter(is_counted).map(|section| section.size()).sum())
}
