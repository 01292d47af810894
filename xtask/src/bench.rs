//! The benches, in one table.
//!
//! A bench prints its results to stdout on separate lines, among other output: `@row`, then group,
//! case, ours, baseline, ratio, spread, and the limit of the ratio (empty where none is
//! guaranteed), separated by tabs. Amounts are in nanoseconds, unless a unit follows after a space.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cargo;
use crate::workspace::Workspace;

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Only benches whose name contains this
    filter: Option<String>,
    /// Compare with other engines instead (benches/peers, built separately)
    #[arg(long)]
    peers: bool,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let command = if args.peers {
        let command = cargo::command(workspace, "run");
        command.args(["--release", "--manifest-path", "benches/peers/Cargo.toml", "--"])
    } else {
        // A loop that happens to cross a line of the instruction cache takes up to half as long
        // again: all loops start on one, ours and the baselines'.
        let command = cargo::command(workspace, "bench");
        let command = cargo::with_flags(command, &["-Cllvm-args=-align-loops=64"]);
        command.args(["--package", "wrt-benches", "--benches", "--"])
    };
    let rows = collect(command.args(&args.filter).into())?;
    if rows.is_empty() {
        let filter = args.filter.as_deref().unwrap_or("");
        bail!("no bench printed a row: does any bench's name contain `{filter}`?");
    }
    print!("{}", table(&rows));
    Ok(())
}

/// Runs a bench, passes its output on, and keeps its rows.
fn collect(mut command: Command) -> Result<Vec<Row>> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().context("the bench has no stdout")?;
    let mut rows = Vec::new();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        match line.strip_prefix("@row\t") {
            Some(row) => rows.push(Row::parse(row)?),
            None => eprintln!("{line}"),
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("the benches ended with {status}");
    }
    Ok(rows)
}

/// One line of the table.
struct Row {
    group: String,
    case: String,
    ours: String,
    baseline: String,
    ratio: f64,
    spread: String,
    limit: Option<f64>,
}

impl Row {
    fn parse(text: &str) -> Result<Row> {
        let fields: Vec<&str> = text.split('\t').map(str::trim).collect();
        let [group, case, ours, baseline, ratio, spread, limit] = fields[..] else {
            bail!("a bench printed a row of {} fields, not 7: `{text}`", fields.len());
        };
        let number = |field: &str| {
            let value = field.parse::<f64>();
            value.with_context(|| format!("`{field}` is no number in the bench row `{text}`"))
        };
        let amount = |field: &str| match field.split_once(' ') {
            Some((value, _)) => number(value).map(|_| field.to_owned()),
            None => number(field).map(duration),
        };
        Ok(Row {
            group: group.to_owned(),
            case: case.to_owned(),
            ours: amount(ours)?,
            baseline: amount(baseline)?,
            ratio: number(ratio)?,
            spread: spread.to_owned(),
            limit: if limit.is_empty() { None } else { Some(number(limit)?) },
        })
    }

    fn cells(&self) -> [String; 8] {
        let above = self.limit.is_some_and(|limit| self.ratio.is_nan() || self.ratio > limit);
        [
            self.group.clone(),
            self.case.clone(),
            self.ours.clone(),
            self.baseline.clone(),
            format!("{:.3}", self.ratio),
            self.spread.clone(),
            self.limit.map_or_else(String::new, |limit| format!("{limit:.2}")),
            if above { "ABOVE" } else { "" }.to_owned(),
        ]
    }
}

/// A duration in a readable unit.
fn duration(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.2} ns"),
        ns if ns < 1e6 => format!("{:.2} us", ns / 1e3),
        ns if ns < 1e9 => format!("{:.2} ms", ns / 1e6),
        ns => format!("{:.2} s", ns / 1e9),
    }
}

/// The aligned table: names to the left, numbers to the right.
fn table(rows: &[Row]) -> String {
    let head = ["group", "case", "ours", "baseline", "ratio", "spread", "limit", ""];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows.iter().map(Row::cells));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..head.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, &width))| match column {
            0 | 1 | 7 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Row, table};

    #[test]
    fn a_ratio_above_its_limit_is_marked() {
        let rows =
            ["access\tload\t0.51\t0.50\t1.02\t1%\t1.05", "grow\texact\t900\t600\t1.5\t2%\t1.10"];
        let rows: Vec<_> = rows.iter().map(|row| Row::parse(row).unwrap()).collect();
        let text = table(&rows);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with("group   case"));
        assert!(lines[1].ends_with("1.05"));
        assert!(lines[2].ends_with("1.10  ABOVE"));
    }

    #[test]
    fn a_row_without_a_limit_is_never_marked() {
        let row = Row::parse("bulk\tfill 16 B\t3.1\t2.0\t1.55\t1%\t").unwrap();
        assert!(!table(&[row]).contains("ABOVE"));
    }

    #[test]
    fn an_amount_may_have_its_own_unit() {
        let row = Row::parse("density\tpool\t4.21 KiB\t4100\t1.03\t4.1+0.1\t1.22").unwrap();
        assert_eq!([row.ours.as_str(), &row.baseline], ["4.21 KiB", "4.10 us"]);
        assert!(Row::parse("density\tpool\tfew KiB\t4\t1\t\t").is_err());
    }

    #[test]
    fn a_broken_row_is_quoted() {
        let message = Row::parse("bulk\tfill").err().unwrap().to_string();
        assert!(message.contains("bulk\tfill"));
    }
}
