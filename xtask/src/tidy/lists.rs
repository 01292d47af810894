//! Names that rules need, each with its reason. An entry that fits nothing is itself a finding.

use crate::tidy::Finding;
use crate::tidy::tree::Tree;

/// Packages that forbid unsafe code in every crate root.
pub(super) const FORBIDS_UNSAFE: [&str; 5] = [
    "crates/wrt-runtime",
    "crates/wrt-instructions",
    "examples/interpreter",
    "examples/spec",
    "xtask",
];

/// Files of the library crates that may use `cfg`, besides crate roots and twins, with reasons.
const CHOOSES: &[(&str, &str)] = &[
    ("crates/wrt-platform/src/backend/mod.rs", "the list of backends"),
    ("crates/wrt-platform/src/backend/platform/mod.rs", "which pages the platform has"),
    ("crates/wrt-platform/src/allocator.rs", "Arc<P> is an allocator where there is Arc"),
    ("crates/wrt-platform/src/error.rs", "std knows the text of an error number"),
    (
        "crates/wrt-platform/src/sys/unix/linux/signal_frame.rs",
        "how C libraries call errno's place",
    ),
    ("crates/wrt-platform/src/fault/registry/mod.rs", "few slots where memory is scarce"),
    (
        "crates/wrt-platform/src/fault/registry/tests.rs",
        "a registry that grows, and one that cannot",
    ),
    ("crates/wrt-platform/src/fault/address.rs", "only aarch64 ignores the top byte of an address"),
    ("crates/wrt-platform/src/fault/report.rs", "on s390x a signal names a page"),
];

/// The library crates, and their allowed dependencies besides each other.
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
    &["wrt-interpreter", "wrt-examples", "wrt-size", "xtask"],
    &["wrt-spec"],
    &["wrt-benches"],
    &["wrt-peers"],
];

pub(super) fn may_choose(path: &str) -> bool {
    let port = path.strip_prefix("crates/wrt-platform/src/sys/");
    let port = port.is_some_and(|inside| inside.ends_with("mod.rs") || inside == "unix/other.rs");
    port || path.ends_with("/src/lib.rs") || CHOOSES.iter().any(|(listed, _)| *listed == path)
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

/// Entries that name a file that is no longer there, or needs it no more.
pub(super) fn check_stale(tree: &Tree, findings: &mut Vec<Finding>) {
    let mut stale = |what: String| {
        findings.push(Finding::error("xtask/src/tidy/lists.rs", 1, "stale-list", what));
    };
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
