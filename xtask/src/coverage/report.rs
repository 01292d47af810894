//! Coverage of each file.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::own_code::Tests;
use crate::workspace::LIBRARIES;

/// Counts of lines, by file from the root.
pub(super) struct Report {
    files: BTreeMap<String, BTreeMap<usize, u64>>,
}

impl Report {
    /// Reads the counts of the crates' own code from lcov's lines: `SF:FILE`, then `DA:LINE,COUNT`.
    pub(super) fn read(root: &Path, lcov: &str) -> Result<Self> {
        let folders = LIBRARIES.map(|name| root.join("crates").join(name).join("src"));
        let mut tests = Tests::default();
        for folder in &folders {
            tests.read(folder)?;
        }
        let mut files: BTreeMap<String, BTreeMap<usize, u64>> = BTreeMap::new();
        let mut file = None;
        for line in lcov.lines() {
            if let Some(path) = line.strip_prefix("SF:") {
                let path = Path::new(path);
                file = folders.iter().any(|folder| path.starts_with(folder)).then_some(path);
            }
            let (Some(path), Some(counted)) = (file, line.strip_prefix("DA:")) else {
                continue;
            };
            let (number, count) = counted.split_once(',').context("lcov: no count")?;
            let (number, count): (usize, u64) = (number.parse()?, count.parse()?);
            if !tests.contain(path, number) {
                let name = path.strip_prefix(root)?.display().to_string();
                *files.entry(name).or_default().entry(number).or_default() += count;
            }
        }
        if files.is_empty() {
            bail!("no line of the library crates was counted");
        }
        Ok(Self { files })
    }

    /// Prints the lines that did not run, by file, and the total.
    pub(super) fn print(&self) {
        for (name, lines) in &self.files {
            let (ran, all) = ran(lines);
            if ran < all {
                let share = percent(ran, all);
                println!("coverage: {share:>5.1} %  {ran:>4} of {all:>4}  {name}: {}", gaps(lines));
            }
        }
        let (ran, all) = self.total();
        println!(
            "coverage: {:>5.1} %  {ran} of {all} lines of {}",
            self.percent(),
            LIBRARIES.join(", ")
        );
    }

    pub(super) fn percent(&self) -> f64 {
        let (ran, all) = self.total();
        percent(ran, all)
    }

    fn total(&self) -> (usize, usize) {
        self.files.values().map(ran).fold((0, 0), |sum, file| (sum.0 + file.0, sum.1 + file.1))
    }
}

/// Number of lines that ran, and of all lines.
fn ran(lines: &BTreeMap<usize, u64>) -> (usize, usize) {
    (lines.values().filter(|count| **count > 0).count(), lines.len())
}

#[expect(clippy::cast_precision_loss, reason = "no crate has 2^52 lines")]
fn percent(ran: usize, all: usize) -> f64 {
    100.0 * ran as f64 / all as f64
}

/// The lines that did not run; a gap includes lines without code.
fn gaps(lines: &BTreeMap<usize, u64>) -> String {
    let mut gaps: Vec<(usize, usize)> = Vec::new();
    let mut open = false;
    for (line, count) in lines {
        match gaps.last_mut() {
            Some((_, end)) if open && *count == 0 => *end = *line,
            _ if *count == 0 => gaps.push((*line, *line)),
            _ => {}
        }
        open = *count == 0;
    }
    let words =
        gaps.iter().map(
            |(start, end)| {
                if start == end { format!("{start}") } else { format!("{start}-{end}") }
            },
        );
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use xshell::Shell;

    use super::{Report, gaps};

    #[test]
    fn gaps_are_ranges() {
        let lines = [(1, 0), (2, 0), (4, 0), (5, 1), (7, 0)].into_iter().collect();
        assert_eq!(gaps(&lines), "1-4, 7");
    }

    #[test]
    fn only_the_crates_own_code_counts() {
        let sh = Shell::new().unwrap();
        let folder = sh.create_temp_dir().unwrap();
        let root = folder.path();
        for name in crate::workspace::LIBRARIES {
            let file = root.join("crates").join(name).join("src/lib.rs");
            sh.write_file(file, "fn f() {}\n#[cfg(test)]\nmod tests {\n}\n").unwrap();
        }
        let lcov = |path: &str| {
            format!("SF:{}\nDA:1,3\nDA:2,0\nend_of_record\n", root.join(path).display())
        };
        let counted =
            lcov("crates/wrt-runtime/src/lib.rs") + &lcov("crates/wrt-testkit/src/lib.rs");
        let report = Report::read(root, &counted).unwrap();
        assert_eq!(report.total(), (1, 1));
        assert!(Report::read(Path::new(root), &lcov("xtask/src/main.rs")).is_err());
    }
}
