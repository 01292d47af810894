//! The cases of `examples/programs/cases` on every engine: the programs must print the same as
//! natively. `examples/programs/README.md` describes the columns of the list.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::engine::{self, End, Engine, Outcome};
use crate::programs;

struct Case {
    name: String,
    program: String,
    expect: String,
    dir: String,
    args: Vec<String>,
}

impl Case {
    fn parse(line: &str) -> Option<Case> {
        let mut words = line.split_whitespace().map(str::to_owned);
        let mut next = || words.next();
        let (name, program, expect, dir) = (next()?, next()?, next()?, next()?);
        Some(Case { name, program, expect, dir, args: words.collect() })
    }

    /// A file of this case; one that is not there is empty.
    fn file(&self, extension: &str) -> Vec<u8> {
        let path = programs::folder().join("cases").join(format!("{}.{extension}", self.name));
        fs::read(path).unwrap_or_default()
    }

    fn run(&self, engine: &dyn Engine) -> Result<Outcome> {
        let mut job = programs::job(&self.program, self.args.iter().cloned())?;
        job.stdin = self.file("in").into();
        if self.dir != "-" {
            let path = programs::folder().join(&self.dir);
            job.dir = Some((path.into_boxed_path(), self.dir.clone()));
        }
        engine.run(&job)
    }

    fn check(&self, outcome: &Outcome) -> Result<()> {
        let ended = match &outcome.end {
            End::Exit(status) => format!("exit:{status}"),
            End::Trap { access: Some(access), .. } => format!("trap:{access}"),
            // This engine does not say where.
            End::Trap { access: None, .. } if self.expect.starts_with("trap:") => {
                self.expect.clone()
            }
            End::Trap { access: None, .. } => "exhausted".to_owned(),
        };
        ensure!(ended == self.expect, "ended with {:?}", outcome.end);
        if ended.starts_with("exit:") {
            ensure!(outcome.stderr == self.file("err"), "other error output");
        }
        let (got, wanted) = (&outcome.stdout, self.file("out"));
        ensure!(*got == wanted, "other output: {}", String::from_utf8_lossy(got));
        Ok(())
    }
}

fn check_all(engine: &dyn Engine, skip: &[&str]) -> Result<()> {
    let index = fs::read_to_string(programs::folder().join("cases/INDEX"))?;
    let lines = index.lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for case in lines.filter_map(Case::parse) {
        if skip.contains(&case.name.as_str()) {
            continue;
        }
        let outcome = case.run(engine).with_context(|| case.name.clone())?;
        case.check(&outcome).with_context(|| case.name.clone())?;
        count += 1;
    }
    ensure!(count > 20, "only {count} cases in the list");
    Ok(())
}

#[test]
fn wasmi_gives_the_native_answers() {
    // Its WASI has no read-only directories.
    check_all(engine::baseline().as_ref(), &["probe-create"]).unwrap();
}

#[test]
fn ours_gives_the_native_answers_on_every_backend() {
    for engine in engine::ours() {
        check_all(engine.as_ref(), &[]).with_context(|| engine.name()).unwrap();
    }
}
