//! Counts of assertions, and their printing.

use std::collections::BTreeMap;
use std::io::{self, Write};

/// The kind of an assertion, which is a column of the table. Exhaustion of the stack is a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Return,
    Trap,
    Unlinkable,
    Invalid,
    Malformed,
}

const KINDS: [(Kind, &str); 5] = [
    (Kind::Return, "return"),
    (Kind::Trap, "trap"),
    (Kind::Unlinkable, "unlinkable"),
    (Kind::Invalid, "invalid"),
    (Kind::Malformed, "malformed"),
];

/// Verdict on an assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// Expected and actual outcome.
    Failed(String),
    /// Why.
    Skipped(String),
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// The number that passed, with the total if not all did.
    fn cell(self) -> String {
        match self.passed + self.failed + self.skipped {
            all if all == self.passed => all.to_string(),
            all => format!("{}/{all}", self.passed),
        }
    }
}

/// The counts of one group.
#[derive(Clone, Debug, Default)]
struct Row {
    kinds: BTreeMap<Kind, Count>,
    /// Modules, registrations and actions that failed but should have succeeded. They are no
    /// assertions, but make the suite fail.
    commands: Count,
}

impl Row {
    fn sum(&self) -> Count {
        let mut sum = self.commands;
        self.kinds.values().for_each(|count| sum.add(*count));
        sum
    }

    fn add(&mut self, other: &Self) {
        for (kind, count) in &other.kinds {
            self.kinds.entry(*kind).or_default().add(*count);
        }
        self.commands.add(other.commands);
    }
}

/// Results on one backend, or on all.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// In the order in which they were run.
    rows: Vec<(String, Row)>,
    failures: Vec<String>,
    /// Number of skipped assertions by script and reason, in order.
    skips: Vec<(String, String, u64)>,
}

impl Report {
    /// Counts an assertion; `place` is its script and line.
    pub(crate) fn count(&mut self, group: &str, kind: Kind, place: &Place<'_>, verdict: Verdict) {
        let count = match &verdict {
            Verdict::Passed => Count { passed: 1, ..Count::default() },
            Verdict::Failed(_) => Count { failed: 1, ..Count::default() },
            Verdict::Skipped(_) => Count { skipped: 1, ..Count::default() },
        };
        self.row(group).kinds.entry(kind).or_default().add(count);
        match verdict {
            Verdict::Passed => {}
            Verdict::Failed(what) => self.failures.push(place.describe(group, &what)),
            Verdict::Skipped(why) => self.skip(&place.script(group), why),
        }
    }

    /// Counts a command that should have succeeded.
    pub(crate) fn fail(&mut self, group: &str, place: &Place<'_>, what: &str) {
        self.row(group).commands.failed += 1;
        self.failures.push(place.describe(group, what));
    }

    fn row(&mut self, group: &str) -> &mut Row {
        if self.rows.last().is_none_or(|(name, _)| name != group) {
            self.rows.push((group.to_owned(), Row::default()));
        }
        let index = self.rows.len() - 1;
        &mut self.rows[index].1
    }

    fn skip(&mut self, script: &str, why: String) {
        match self.skips.last_mut() {
            Some((last, reason, count)) if last == script && *reason == why => *count += 1,
            _ => self.skips.push((script.to_owned(), why, 1)),
        }
    }

    /// Adds the counts of another report, without its texts.
    pub(crate) fn add(&mut self, other: &Self) {
        for (_, row) in &other.rows {
            self.row("sum").add(row);
        }
    }

    fn sum(&self) -> Row {
        let mut sum = Row::default();
        self.rows.iter().for_each(|(_, row)| sum.add(row));
        sum
    }

    pub(crate) fn failed(&self) -> u64 {
        self.sum().sum().failed
    }

    /// Prints failures, skips, the table and the summary line.
    pub(crate) fn print(&self, backend: &str, out: &mut impl Write) -> io::Result<()> {
        for failure in &self.failures {
            writeln!(out, "FAILED on {backend}: {failure}")?;
        }
        for (script, why, count) in &self.skips {
            let plural = if *count == 1 { "" } else { "s" };
            writeln!(out, "skipped on {backend}: {script}: {count} assertion{plural}: {why}")?;
        }
        let titles = KINDS.map(|(_, title)| title.to_owned());
        let counts = ["passed", "failed", "skipped"].map(str::to_owned);
        write_row(out, backend, titles.iter().chain(&counts))?;
        for (group, row) in &self.rows {
            print_counts(out, group, row)?;
        }
        if self.rows.len() > 1 {
            print_counts(out, "all groups", &self.sum())?;
        }
        self.print_line(backend, out)?;
        writeln!(out)
    }

    pub(crate) fn print_line(&self, name: &str, out: &mut impl Write) -> io::Result<()> {
        let Count { passed, failed, skipped } = self.sum().sum();
        writeln!(out, "{name}: {passed} passed, {failed} failed, {skipped} skipped")
    }
}

fn print_counts(out: &mut impl Write, name: &str, row: &Row) -> io::Result<()> {
    let kinds = KINDS.map(|(kind, _)| row.kinds.get(&kind).copied().unwrap_or_default().cell());
    let Count { passed, failed, skipped } = row.sum();
    let sums = [passed, failed, skipped].map(|number| number.to_string());
    write_row(out, name, kinds.iter().chain(&sums))
}

fn write_row<'a>(
    out: &mut impl Write,
    name: &str,
    cells: impl Iterator<Item = &'a String>,
) -> io::Result<()> {
    write!(out, "{name:<18}")?;
    for cell in cells {
        write!(out, "{cell:>11}")?;
    }
    writeln!(out)
}

/// Location of a directive.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) script: &'a str,
    /// Counted from 1.
    pub(crate) line: usize,
    /// The text of that line.
    pub(crate) text: &'a str,
}

impl Place<'_> {
    fn script(&self, group: &str) -> String {
        format!("{group}/{}", self.script)
    }

    fn describe(&self, group: &str, what: &str) -> String {
        let Self { script, line, text } = self;
        format!("{group}/{script}:{line}: {text}: {what}")
    }
}
