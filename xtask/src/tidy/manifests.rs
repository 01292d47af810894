//! Rules on `Cargo.toml`: the direction of dependencies, and inherited lints.

use crate::tidy::tree::File;
use crate::tidy::{Finding, lists};

pub(super) fn check(file: &File, findings: &mut Vec<Finding>) {
    let entries = entries(&file.text);
    let Some(package) = package_name(&entries) else {
        return;
    };
    lints_inherited(file, &entries, findings);
    arrows(file, package, &entries, findings);
}

/// A `key = value` line with its section, or a section header with an empty key.
struct Entry<'a> {
    line: usize,
    section: &'a str,
    key: &'a str,
    value: &'a str,
}

fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut section = "";
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            found.push(Entry { line: line_number, section, key: "", value: "" });
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let (key, value) = (key.trim(), value.trim());
            found.push(Entry { line: line_number, section, key, value });
        }
    }
    found
}

fn package_name<'a>(entries: &[Entry<'a>]) -> Option<&'a str> {
    let name = entries.iter().find(|entry| entry.section == "package" && entry.key == "name")?;
    Some(name.value.trim_matches('"'))
}

/// `unsafe_code = "deny"` and the other lints apply to a package only if it inherits them.
fn lints_inherited(file: &File, entries: &[Entry<'_>], findings: &mut Vec<Finding>) {
    let own_workspace = entries.iter().any(|entry| entry.section == "workspace");
    let inherited = entries
        .iter()
        .any(|entry| entry.section == "lints" && entry.key == "workspace" && entry.value == "true");
    if !inherited && !own_workspace {
        let message = "the package does not inherit the lints: [lints] workspace = true";
        findings.push(Finding::error(&file.path, 1, "lints-inherited", message));
    }
}

/// Packages depend only on lower ones, and library crates only on listed ones.
fn arrows(file: &File, package: &str, entries: &[Entry<'_>], findings: &mut Vec<Finding>) {
    let Some(layer) = lists::layer(package) else {
        let message = format!("`{package}` has no layer in xtask/src/tidy/lists.rs");
        findings.push(Finding::error(&file.path, 1, "layering", message));
        return;
    };
    for (line, dependency) in entries.iter().filter_map(dependency) {
        let broken = match lists::layer(dependency) {
            Some(below) => below >= layer,
            None => !lists::may_depend(package, dependency),
        };
        if broken {
            let message = format!("`{package}` must not depend on `{dependency}`");
            findings.push(Finding::error(&file.path, line, "layering", message));
        }
    }
}

/// The dependency in an entry. Tests may depend on any crate: cargo allows a cycle there, and a
/// check from a higher crate is a good test.
fn dependency<'a>(entry: &Entry<'a>) -> Option<(usize, &'a str)> {
    let normal = |section: &str| {
        section == "dependencies"
            || section == "build-dependencies"
            || (section.starts_with("target.") && section.ends_with(".dependencies"))
    };
    if normal(entry.section) && !entry.key.is_empty() {
        return Some((entry.line, entry.key.split('.').next().unwrap_or(entry.key)));
    }
    let (section, name) = entry.section.rsplit_once('.')?;
    (normal(section) && entry.key.is_empty()).then_some((entry.line, name))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::File;

    fn rules(package: &str, text: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"{package}\"\n[lints]\nworkspace = true\n{text}");
        let mut findings = Vec::new();
        check(&File::new("crates/x/Cargo.toml", &text), &mut findings);
        findings.iter().map(|finding| finding.message.clone()).collect()
    }

    #[test]
    fn arrows_run_downwards() {
        assert!(rules("wrt-runtime", "[dependencies]\nwrt-platform.workspace = true\n").is_empty());
        for text in [
            "[dependencies]\nwrt-runtime.workspace = true\n",
            "[dependencies.wrt-runtime]\npath = \"..\"\n",
            "[target.'cfg(unix)'.dependencies]\nwrt-runtime = \"1\"\n",
        ] {
            let expected = "`wrt-platform` must not depend on `wrt-runtime`";
            assert_eq!(rules("wrt-platform", text), [expected]);
        }
    }

    #[test]
    fn tests_may_look_up() {
        let text = "[dev-dependencies]\nwrt-testkit.workspace = true\n";
        assert!(rules("wrt-platform", text).is_empty());
    }

    #[test]
    fn library_crates_take_few_dependencies() {
        let found = rules("wrt-runtime", "[dependencies]\nserde = \"1\"\n");
        assert_eq!(found, ["`wrt-runtime` must not depend on `serde`"]);
        assert!(rules("wrt-interpreter", "[dependencies]\nclap = \"4\"\n").is_empty());
    }

    #[test]
    fn lints_are_inherited() {
        let mut findings = Vec::new();
        let file = File::new("xtask/Cargo.toml", "[package]\nname = \"xtask\"\n");
        check(&file, &mut findings);
        assert_eq!(findings[0].rule, "lints-inherited");
    }
}
