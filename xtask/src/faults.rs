//! Known bugs of other runtimes. Each is injected into a copy of the sources, where its test must
//! fail; without the bug the test must pass.

mod builds;
pub(crate) mod table;

use anyhow::{Result, bail};

use self::builds::Builds;
use self::table::{Machine, Proof, ROWS, Row};
use crate::workspace::Workspace;

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Only this row, such as F07
    #[arg(long, value_name = "F")]
    row: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let chosen = |row: &&Row| args.row.as_ref().is_none_or(|wanted| row.fault == wanted);
    let rows: Vec<&Row> = ROWS.iter().filter(chosen).collect();
    if rows.is_empty() {
        bail!("no such row: they are {} to {}", ROWS[0].fault, ROWS[ROWS.len() - 1].fault);
    }
    let mut here = Builds::new(workspace, Machine::Here);
    let mut tagged = Builds::new(workspace, Machine::Tagged);
    let (mut caught, mut missed, mut later) = (0, 0, 0);
    for row in rows {
        let bugs = match row.proof {
            Proof::Bugs(bugs) => bugs,
            Proof::Later(needs) => {
                print(row.fault, row.cause, &format!("later: {needs}"));
                later += 1;
                continue;
            }
        };
        for bug in bugs {
            let builds = match bug.machine {
                Machine::Here => &mut here,
                Machine::Tagged => &mut tagged,
            };
            let verdict = builds.check(bug)?;
            *if verdict.is_ok() { &mut caught } else { &mut missed } += 1;
            let verdict = verdict.map_or_else(|why| format!("MISSED: {why}"), |()| "caught".into());
            print(bug.name, bug.test, &verdict);
        }
    }
    println!("faults: {caught} caught, {missed} missed, {later} rows later");
    if missed > 0 {
        bail!("{missed} injected bugs are not caught by their tests");
    }
    Ok(())
}

fn print(bug: &str, test: &str, verdict: &str) {
    println!("faults: {bug:<12}  {test:<63}  {verdict}");
}
