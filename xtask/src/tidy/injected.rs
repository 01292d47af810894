//! Rules on injected bugs: the list of known bugs is complete, and each bug is at its place in the
//! table.

use crate::faults::table::{Bug, COUNT, Proof, ROWS};
use crate::injected::{self, PLACES};
use crate::tidy::Finding;
use crate::tidy::functions::functions;
use crate::tidy::tree::Tree;

const TABLE: &str = "xtask/src/faults/table.rs";
const RULE: &str = "injected";

/// The guide with the injected bugs of each known bug.
const GUIDE: &str = "docs/safety.md";

/// The folder of the tests in the table.
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
    for place in PLACES {
        let text = tree.file(place.file).map_or("", |file| &file.text);
        if let Err(error) = place.inject(text) {
            findings.push(Finding::error(place.file, 1, RULE, error.to_string()));
        }
    }
    for bug in bugs() {
        if !injected::is_known(bug.name) {
            findings.push(table(format!("the bug `{}` has no place", bug.name)));
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
    use super::rows;

    #[test]
    fn every_known_bug_has_a_row() {
        let mut findings = Vec::new();
        rows(&mut findings);
        assert!(findings.is_empty(), "{findings:?}");
    }
}
