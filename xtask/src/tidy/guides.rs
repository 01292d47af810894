//! Rules on the guides in `docs`: tables that mirror code are complete.

use crate::targets::TARGETS;
use crate::tidy::Finding;
use crate::tidy::tree::{File, Tree};

const RULE: &str = "guide";

/// The library crate with unsafe code.
const PLATFORM: &str = "crates/wrt-platform/src/";

/// The guarantees of the conformance kit, one row each.
const GUARANTEES: &str = "crates/wrt-testkit/src/guarantee.rs";

/// A table of a guide: its file and its first line.
struct Table {
    guide: &'static str,
    head: &'static str,
}

const UNSAFE_FILES: Table =
    Table { guide: "docs/safety.md", head: "| file of `wrt-platform` | what it does |" };

const GUARANTEED: Table =
    Table { guide: "docs/backends.md", head: "| guarantee | what is guaranteed |" };

const TARGET_ROWS: Table = Table {
    guide: "README.md",
    head: "| target | built | tests | official suite | on a real system |",
};

pub(super) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    let files = tree.files.iter().filter(|file| file.allows_unsafe());
    let files: Vec<&str> = files.filter_map(|file| file.path.strip_prefix(PLATFORM)).collect();
    compare(tree, &UNSAFE_FILES, &files, findings);
    let guarantees: Vec<&str> = tree.file(GUARANTEES).map(guarantees).unwrap_or_default();
    compare(tree, &GUARANTEED, &guarantees, findings);
    compare(tree, &TARGET_ROWS, &TARGETS.map(|target| target.triple), findings);
    suite_groups(tree, findings);
}

/// The row of a target whose programs run names the groups of the official suite that run there.
fn suite_groups(tree: &Tree, findings: &mut Vec<Finding>) {
    let Some(guide) = tree.file(TARGET_ROWS.guide) else {
        return;
    };
    for target in TARGETS {
        let Some(hosted) = target.hosted() else {
            continue;
        };
        let groups = [hosted.runs.groups, hosted.further.groups].concat().join(", ");
        let start = format!("| `{}`", target.triple);
        for (line, row) in guide.lines().filter(|(_, text)| text.starts_with(&start)) {
            if !row.contains(&groups) && !row.contains("complete") {
                let message = format!("the groups that run on {} are {groups}", target.triple);
                findings.push(Finding::error(TARGET_ROWS.guide, line, RULE, message));
            }
        }
    }
}

/// The table names everything in `code`, and nothing else.
fn compare(tree: &Tree, table: &Table, code: &[&str], findings: &mut Vec<Finding>) {
    let mut error = |line, message| {
        findings.push(Finding::error(table.guide, line, RULE, message));
    };
    let named = tree.file(table.guide).map(|guide| names(guide, table.head)).unwrap_or_default();
    for name in code {
        if !named.iter().any(|(_, other)| other == name) {
            error(1, format!("no row of the table `{}` is about `{name}`", table.head));
        }
    }
    for (line, name) in named {
        if !code.contains(&name) {
            error(line, format!("`{name}` is not in the code that this table mirrors"));
        }
    }
}

/// The texts in backquotes in the first column of a table, with their lines.
fn names<'a>(guide: &'a File, head: &str) -> Vec<(usize, &'a str)> {
    let rows = guide.lines().skip_while(|(_, text)| *text != head).skip(2);
    rows.take_while(|(_, text)| text.starts_with('|'))
        .flat_map(|(line, text)| {
            let cell = text.split('|').nth(1).unwrap_or_default();
            cell.split('`').skip(1).step_by(2).map(move |name| (line, name))
        })
        .collect()
}

/// The names of the rows `(Guarantee, "name", ..`.
fn guarantees(file: &File) -> Vec<&str> {
    let rows = file.lines().filter_map(|(_, text)| text.strip_prefix("    ("));
    rows.filter_map(|row| row.split_once(", \"")?.1.split_once('"')).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::{Table, compare, guarantees, suite_groups};
    use crate::tidy::tree::{File, Tree};

    const TABLE: Table = Table { guide: "docs/a.md", head: "| file | what |" };

    fn found(guide: &str, code: &[&str]) -> Vec<(usize, String)> {
        let tree = Tree { files: vec![File::new(TABLE.guide, guide)] };
        let mut findings = Vec::new();
        compare(&tree, &TABLE, code, &mut findings);
        findings.into_iter().map(|finding| (finding.line, finding.message)).collect()
    }

    #[test]
    fn tables_are_complete() {
        let guide = "# A\n| file | what |\n|---|---|\n| `a.rs`, `b.rs` | `x` |\n\n| `c.rs` | |\n";
        assert_eq!(found(guide, &["a.rs", "b.rs"]), []);
        let missing = "no row of the table `| file | what |` is about `c.rs`";
        assert_eq!(found(guide, &["a.rs", "b.rs", "c.rs"]), [(1, missing.to_owned())]);
        let stale = "`b.rs` is not in the code that this table mirrors";
        assert_eq!(found(guide, &["a.rs"]), [(4, stale.to_owned())]);
        assert_eq!(found("no table\n", &["a.rs"]).len(), 1);
    }

    #[test]
    fn a_targets_row_names_its_groups() {
        let found = |groups: &str| {
            let row = format!("| `s390x-unknown-linux-gnu` | yes | run | {groups} | never |\n");
            let mut findings = Vec::new();
            let tree = Tree { files: vec![File::new("README.md", &row)] };
            suite_groups(&tree, &mut findings);
            findings.len()
        };
        assert_eq!(found("core, bulk, memory64, all backends"), 0);
        assert_eq!(found("complete"), 0);
        assert_eq!(found("core, bulk"), 1);
    }

    #[test]
    fn guarantees_are_read_from_their_rows() {
        let text = "guarantees! {\n    (Page, \"page\", \"a power of two\", sizes::page, []);\n}\n";
        assert_eq!(guarantees(&File::new("a.rs", text)), ["page"]);
    }
}
