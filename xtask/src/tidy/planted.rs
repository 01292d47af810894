//! Rules on planted bugs: the list of faults is complete, agrees with the code, and nothing that a
//! user builds can turn a bug on.

use crate::faults::table::{Bug, COUNT, Proof, ROWS};
use crate::tidy::Finding;
use crate::tidy::functions::functions;
use crate::tidy::tree::{File, Tree};

const TABLE: &str = "xtask/src/faults/table.rs";
const RULE: &str = "planted";

/// Where readers find what was planted for each fault.
const GUIDE: &str = "docs/safety.md";

/// The cfg that puts the bugs into a build.
const CFG: &str = "wrt_planted";

/// Where the tests of the table are.
const TESTS: &str = "crates/wrt-testkit/tests/faults/";

pub(super) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    rows(findings);
    for row in &ROWS {
        let line = format!("| {} |", row.fault);
        if !tree.file(GUIDE).is_some_and(|guide| guide.text.contains(&line)) {
            let message = format!("no row of its table is about {}", row.fault);
            findings.push(Finding::error(GUIDE, 1, RULE, message));
        }
    }
    let mut in_code = Vec::new();
    for file in &tree.files {
        chosen_in_few_places(file, findings);
        in_code.extend(bugs_in(file).map(|(line, name)| (file, line, name)));
    }
    let listed: Vec<&Bug> = bugs().collect();
    for (file, line, name) in &in_code {
        if !listed.iter().any(|bug| bug.name == *name) {
            let message = format!("the bug `{name}` is not in {TABLE}");
            findings.push(Finding::error(&file.path, *line, RULE, message));
        }
    }
    for bug in listed {
        if !in_code.iter().any(|(_, _, name)| *name == bug.name) {
            findings.push(table(format!("no code plants the bug `{}`", bug.name)));
        }
        if !has_test(tree, bug.test) {
            findings.push(table(format!("{TESTS} has no test `{}`", bug.test)));
        }
    }
}

fn table(message: String) -> Finding {
    Finding::error(TABLE, 1, RULE, message)
}

fn bugs() -> impl Iterator<Item = &'static Bug> {
    ROWS.iter().flat_map(|row| match row.proof {
        Proof::Bugs(bugs) => bugs,
        Proof::Later(_) => &[],
    })
}

/// Every fault has its row, in order, and bugs of its number or a reason for none.
fn rows(findings: &mut Vec<Finding>) {
    for number in 1..=COUNT {
        let fault = format!("F{number:02}");
        let Some(row) = ROWS.get(number - 1).filter(|row| row.fault == fault) else {
            findings.push(table(format!("row {number} must be {fault}")));
            continue;
        };
        let complete = match row.proof {
            Proof::Bugs(bugs) => {
                !bugs.is_empty() && bugs.iter().all(|bug| bug.name.starts_with(&fault))
            }
            Proof::Later(needs) => !needs.is_empty(),
        };
        if !complete {
            findings.push(table(format!("{fault} needs bugs of its name, or a reason for none")));
        }
    }
}

/// The cfg stands in crate roots, to choose between twins, and in the one list of known cfgs.
fn chosen_in_few_places(file: &File, findings: &mut Vec<Finding>) {
    let crate_root = file.path.starts_with("crates/") && file.path.ends_with("/src/lib.rs");
    if file.path == "Cargo.toml" || crate_root {
        return;
    }
    let is_there = |text: &str| text.contains(CFG);
    let found = if file.is_rust() {
        file.code_lines().find(|(_, code)| is_there(code))
    } else if file.is_manifest() || file.path.starts_with(".cargo/") {
        file.lines().find(|(_, text)| is_there(text))
    } else {
        None
    };
    if let Some((line, _)) = found {
        let message = format!("`{CFG}` is set by `cargo xtask faults` alone");
        findings.push(Finding::error(&file.path, line, RULE, message));
    }
}

/// Names of bugs that a library crate's file plants, with their lines.
fn bugs_in(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let inside = file.is_rust() && file.path.starts_with("crates/");
    let lines = file.lines().filter(move |_| inside);
    lines.flat_map(|(line, text)| {
        let calls = text.split("planted(\"").skip(1);
        calls.filter_map(move |rest| Some((line, rest.split_once('"')?.0)))
    })
}

/// Whether the module of the test's full name has a function of its last part.
fn has_test(tree: &Tree, test: &str) -> bool {
    let (Some((module, _)), Some((_, name))) = (test.split_once("::"), test.rsplit_once("::"))
    else {
        return false;
    };
    let file = tree.file(&format!("{TESTS}{module}.rs"));
    file.is_some_and(|file| functions(file).iter().any(|function| function.name == name))
}

#[cfg(test)]
mod tests {
    use super::{bugs_in, chosen_in_few_places, rows};
    use crate::tidy::tree::File;

    #[test]
    fn every_fault_has_a_row() {
        let mut findings = Vec::new();
        rows(&mut findings);
        assert!(findings.is_empty(), "{findings:?}");
    }

    #[test]
    fn bugs_are_found_in_code() {
        let text = "if planted(\"F99\") && !planted(\"F98-a\") {\n";
        let file = File::new("crates/wrt-runtime/src/a.rs", text);
        assert_eq!(bugs_in(&file).collect::<Vec<_>>(), [(1, "F99"), (1, "F98-a")]);
        assert_eq!(bugs_in(&File::new("xtask/src/a.rs", text)).count(), 0);
    }

    #[test]
    fn nothing_else_turns_bugs_on() {
        let findings = |path, text| {
            let mut findings = Vec::new();
            chosen_in_few_places(&File::new(path, text), &mut findings);
            findings.len()
        };
        assert_eq!(findings("crates/a/src/b.rs", "#[cfg(wrt_planted)]\nmod c;"), 1);
        assert_eq!(findings("crates/a/src/b.rs", "//! About `--cfg wrt_planted`.\n"), 0);
        assert_eq!(findings("crates/a/Cargo.toml", "planted = [\"wrt_planted\"]\n"), 1);
        assert_eq!(findings(".cargo/config.toml", "rustflags = \"--cfg wrt_planted\"\n"), 1);
        assert_eq!(findings("crates/a/src/lib.rs", "#[cfg(wrt_planted)]\nmod c;"), 0);
    }
}
