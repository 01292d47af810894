//! What rules must be told by name, each with the reason. An entry that no longer
//! fits anything is itself a finding.

use crate::tidy::Finding;
use crate::tidy::functions::functions;
use crate::tidy::source::has_word;
use crate::tidy::tree::Tree;

/// The only files where `unsafe` may stand, and why there.
const UNSAFE: &[(&str, &str)] = &[
    ("benches/src/bare_slot.rs", "a mapping that is used again, to measure against"),
    ("benches/src/neighbours.rs", "mappings that lie beside what is measured"),
    ("benches/src/unchecked.rs", "raw pointers to measure against"),
    ("crates/wrt-platform/src/allocator.rs", "the contract that backends guarantee"),
    ("crates/wrt-platform/src/backend/heap.rs", "pages of the global allocator"),
    ("crates/wrt-platform/src/backend/mmap/image.rs", "maps an image copy-on-write"),
    ("crates/wrt-platform/src/backend/mmap/image_none.rs", "the same contract, never called"),
    ("crates/wrt-platform/src/backend/mmap/mod.rs", "pages of the operating system"),
    ("crates/wrt-platform/src/backend/mmap/pages.rs", "the host's calls on pages"),
    ("crates/wrt-platform/src/backend/mte/granules.rs", "the instructions that set and read tags"),
    ("crates/wrt-platform/src/backend/mte/mod.rs", "tagged pages of the operating system"),
    ("crates/wrt-platform/src/backend/mte/threads.rs", "reads a thread's flag of tag checks"),
    ("crates/wrt-platform/src/backend/pool/erase.rs", "overwrites what a memory has written"),
    ("crates/wrt-platform/src/backend/pool/mod.rs", "slots of the operating system's pages"),
    ("crates/wrt-platform/src/backend/pool/pagemap.rs", "asks the kernel which pages were written"),
    ("crates/wrt-platform/src/backend/pool/shared.rs", "gives slots to one owner after the other"),
    ("crates/wrt-platform/src/backend/pool/slot.rs", "changes what is mapped under a slot"),
    ("crates/wrt-platform/src/backend/pool/slot_table.rs", "lends a slot to its owner"),
    ("crates/wrt-platform/src/backend/pool/wide_zeroes.rs", "calls what some cores only have"),
    ("crates/wrt-platform/src/backend/static_arena/mod.rs", "pages of a static"),
    ("crates/wrt-platform/src/backend/virtual_alloc.rs", "pages of Windows"),
    ("crates/wrt-platform/src/epilogue.rs", "takes a value out of a wrapper with a destructor"),
    ("crates/wrt-platform/src/forked.rs", "forks, for tests of what a child may do"),
    ("crates/wrt-platform/src/image/layout/sealed_file.rs", "reads a file that nobody can change"),
    ("crates/wrt-platform/src/lifecycle/empty.rs", "takes back every byte of a reservation"),
    ("crates/wrt-platform/src/lifecycle/mod.rs", "asks a backend about one reservation"),
    ("crates/wrt-platform/src/fault/handler/alt_stack.rs", "maps and measures signal stacks"),
    ("crates/wrt-platform/src/fault/handler/context.rs", "sending interrupted code elsewhere"),
    ("crates/wrt-platform/src/fault/handler/host.rs", "asks the kernel for a size"),
    ("crates/wrt-platform/src/fault/handler/host_other.rs", "the same contract, nothing asked"),
    ("crates/wrt-platform/src/fault/handler/mod.rs", "the handler that the kernel calls"),
    ("crates/wrt-platform/src/fault/handler/previous.rs", "calls handlers that were there before"),
    ("crates/wrt-platform/src/fault/handler/print.rs", "standard error by its number"),
    ("crates/wrt-platform/src/fault/handler/registers.rs", "the context of interrupted code"),
    (
        "crates/wrt-platform/src/fault/handler/registers_aarch64.rs",
        "the context of interrupted code",
    ),
    (
        "crates/wrt-platform/src/fault/handler/registers_x86_64.rs",
        "the context of interrupted code",
    ),
    ("crates/wrt-platform/src/fault/handler/room.rs", "asks about bytes below the stack pointer"),
    ("crates/wrt-platform/src/region/access.rs", "checked access through the one pointer"),
    ("crates/wrt-platform/src/region/lent.rs", "copies between memories and from slices"),
    ("crates/wrt-platform/src/region/mod.rs", "the one type that owns the pointer"),
    ("crates/wrt-platform/src/region/protection.rs", "takes rights from pages"),
    ("examples/small/src/bin/custom_allocator.rs", "shows how an allocator keeps the contract"),
    ("examples/small/src/bin/fault_report.rs", "accesses without a check, as compiled code has"),
    ("crates/wrt-testkit/src/asked.rs", "hands the contract's operations on"),
    ("crates/wrt-testkit/src/broken/committing.rs", "breaks growth and rights on purpose"),
    ("crates/wrt-testkit/src/broken/memory.rs", "writes where broken backends must not"),
    ("crates/wrt-testkit/src/broken/mod.rs", "allocators that break the contract on purpose"),
    ("crates/wrt-testkit/src/broken/overlay.rs", "maps pages twice, and guards that stay"),
    ("crates/wrt-testkit/src/broken/overlay_none.rs", "the same contract, without the calls"),
    ("crates/wrt-testkit/src/broken/querying.rs", "changes what is only asked about"),
    ("crates/wrt-testkit/src/broken/reserving.rs", "breaks reservations on purpose"),
    ("crates/wrt-testkit/src/broken/returning.rs", "breaks the ways back on purpose"),
    ("crates/wrt-testkit/src/contract.rs", "the contract's operations, called as it says"),
    ("crates/wrt-testkit/src/faulty.rs", "an allocator that fails when told to"),
    ("crates/wrt-testkit/tests/faults/signals.rs", "a callback that says where code goes on"),
    ("crates/wrt-testkit/tests/guarantees/given.rs", "accesses that must fault"),
    ("crates/wrt-testkit/tests/guarantees/locked.rs", "locks pages of a memory"),
    ("crates/wrt-testkit/tests/guarantees/stray.rs", "an allocator that cannot undo"),
    ("crates/wrt-testkit/tests/handler/chain.rs", "faults, and handlers of other people's"),
    ("crates/wrt-testkit/tests/handler/kinds.rs", "faults of every kind"),
    ("crates/wrt-testkit/tests/handler/probe.rs", "an access as compiled code makes it"),
    ("crates/wrt-testkit/tests/handler/registration.rs", "an allocator that looks on"),
    ("crates/wrt-testkit/tests/handler/resume.rs", "callbacks that say where code goes on"),
    ("crates/wrt-testkit/tests/handler/room.rs", "faults on stacks of every size"),
    ("crates/wrt-testkit/tests/handler/stacks.rs", "looks at the thread's signal stack"),
    ("crates/wrt-testkit/tests/handler/tags.rs", "a pointer with the wrong tag"),
    ("crates/wrt-testkit/tests/system_calls/gaps.rs", "a mapping at the addresses of another"),
    ("crates/wrt-testkit/tests/system_calls/handler.rs", "a handler, and a fault for it"),
    ("crates/wrt-testkit/tests/mte/probe/mod.rs", "accesses with wrong tags, which must fault"),
    ("crates/wrt-testkit/tests/ladder.rs", "a backend of somebody else's, on the public ladder"),
    ("crates/wrt-testkit/tests/leaks.rs", "a global allocator that counts"),
];

/// Packages that rule unsafe code out for good, in every crate root.
pub(super) const FORBIDS_UNSAFE: [&str; 5] = [
    "crates/wrt-runtime",
    "crates/wrt-instructions",
    "examples/interpreter",
    "examples/spec",
    "xtask",
];

/// Functions that may be longer than a reader likes, and why.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];

/// Files of the library crates that may choose by `cfg`, beside crate roots and twins,
/// and why.
const CHOOSES: &[(&str, &str)] = &[
    ("crates/wrt-platform/src/backend/mod.rs", "the list of backends"),
    ("crates/wrt-platform/src/backend/mmap/mod.rs", "what Linux has and other Unixes lack"),
    ("crates/wrt-platform/src/backend/mmap/name.rs", "only Linux names mappings"),
    ("crates/wrt-platform/src/backend/mmap/pages.rs", "how hosts drop pages and count them"),
    ("crates/wrt-platform/src/backend/platform/mod.rs", "which pages the platform has"),
    ("crates/wrt-platform/src/allocator.rs", "Arc<P> is an allocator where there is Arc"),
    ("crates/wrt-platform/src/error.rs", "std knows the text of an error number"),
    ("crates/wrt-platform/src/fault/handler/host.rs", "how C libraries call the place of errno"),
    ("crates/wrt-platform/src/fault/mod.rs", "signal handlers are for Unix with std"),
    ("crates/wrt-platform/src/fault/registry/mod.rs", "few slots where memory is scarce"),
    (
        "crates/wrt-platform/src/fault/registry/tests.rs",
        "a registry that grows, and one that cannot",
    ),
    ("crates/wrt-platform/src/fault/report.rs", "only aarch64 ignores the top byte of an address"),
];

/// The library crates, and what they may depend on beside each other.
pub(super) const LIBRARIES: [(&str, &[&str]); 3] = [
    ("wrt-platform", &["bitflags", "libc", "rustix", "spin", "windows-sys"]),
    ("wrt-runtime", &[]),
    ("wrt-instructions", &[]),
];

/// The layers, lowest first: a package depends only on lower ones.
const LAYERS: [&[&str]; 8] = [
    &["wrt-platform"],
    &["wrt-runtime"],
    &["wrt-instructions"],
    &["wrt-testkit"],
    &["wrt-interpreter", "wrt-examples", "xtask"],
    &["wrt-spec"],
    &["wrt-benches"],
    &["wrt-peers"],
];

pub(super) fn may_be_unsafe(path: &str) -> bool {
    UNSAFE.iter().any(|(listed, _)| *listed == path)
}

pub(super) fn unsafe_files() -> impl Iterator<Item = &'static str> {
    UNSAFE.iter().map(|(path, _)| *path)
}

pub(super) fn may_be_long(path: &str, function: &str) -> bool {
    LONG_FUNCTIONS.iter().any(|(listed, name, _)| *listed == path && *name == function)
}

pub(super) fn may_choose(path: &str) -> bool {
    path.ends_with("/src/lib.rs") || CHOOSES.iter().any(|(listed, _)| *listed == path)
}

pub(super) fn layer(package: &str) -> Option<usize> {
    LAYERS.iter().position(|packages| packages.contains(&package))
}

pub(super) fn may_depend(package: &str, dependency: &str) -> bool {
    match LIBRARIES.iter().find(|(name, _)| *name == package) {
        Some((_, allowed)) => allowed.contains(&dependency),
        None => true,
    }
}

/// Entries that name a file or function that is no longer there, or needs it no more.
pub(super) fn check_stale(tree: &Tree, findings: &mut Vec<Finding>) {
    let mut stale = |what: String| {
        findings.push(Finding::error("xtask/src/tidy/lists.rs", 1, "stale-list", what));
    };
    for (path, _) in UNSAFE {
        let file = tree.file(path);
        if !file.is_some_and(|file| has_word(&file.code, "unsafe")) {
            stale(format!("{path} is listed for unsafe and has none"));
        } else if !file.is_some_and(|file| file.code.contains("allow(unsafe_code)")) {
            stale(format!("{path} is listed for unsafe but does not say #![allow(unsafe_code)]"));
        }
    }
    for (path, name, _) in LONG_FUNCTIONS {
        let file = tree.file(path);
        let found = file.is_some_and(|file| functions(file).iter().any(|one| one.name == *name));
        if !found {
            stale(format!("{path} has no function `{name}`, which is listed as long"));
        }
    }
    for (path, _) in CHOOSES {
        if !tree.file(path).is_some_and(|file| file.code.contains("cfg(")) {
            stale(format!("{path} is listed for cfg and has none"));
        }
    }
    for folder in FORBIDS_UNSAFE {
        if tree.file(&format!("{folder}/Cargo.toml")).is_none() {
            stale(format!("{folder} is listed as free of unsafe and is not there"));
        }
    }
}
