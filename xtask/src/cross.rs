//! Builds of every row of the target table. With `--run`, the rows with an operating system also
//! run: all tests, and the specification suite on every backend.

use anyhow::{Context, Result};
use xshell::Cmd;

use crate::check;
use crate::compiler::Compiler;
use crate::spec;
use crate::targets::{self, Hosted, Kind, Target};
use crate::wine;
use crate::workspace::Workspace;

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Only this row of the target table
    #[arg(long, value_name = "T")]
    pub(crate) target: Option<String>,
    /// Run the tests and the specification suite too, emulated where needed
    #[arg(long)]
    pub(crate) run: bool,
    /// Only the builds and runs of this tier of `ci`
    #[arg(long, value_name = "T")]
    pub(crate) tier: Option<Tier>,
}

/// The tiers of `ci`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Tier {
    Quick,
    Deep,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    for target in targets::select(args.target.as_deref())? {
        row(workspace, &target, args).with_context(|| format!("cross {}", target.triple))?;
    }
    Ok(())
}

fn row(workspace: &Workspace, target: &Target, args: &Args) -> Result<()> {
    let quick = args.tier != Some(Tier::Deep);
    if quick {
        check::rows(workspace, target)?;
    }
    let compiler = Compiler::choose(workspace, target)?;
    match target.kind {
        Kind::Bare if quick => bare_example(workspace, target, &compiler),
        Kind::Bare | Kind::Checked => Ok(()),
        Kind::Linux(hosted) => programs(workspace, &hosted, args, &|subcommand| {
            compiler.cargo(workspace, target, subcommand)
        }),
        Kind::Windows(hosted) => {
            let wine = wine::environment(workspace, hosted.linker)?;
            programs(workspace, &hosted, args, &|subcommand| {
                compiler.cargo(workspace, target, subcommand).envs(wine.iter().cloned())
            })
        }
    }
}

/// The tests and the suite, with a `cargo` for the target.
fn programs<'a>(
    workspace: &Workspace,
    hosted: &Hosted,
    args: &Args,
    cargo: &dyn Fn(&str) -> Cmd<'a>,
) -> Result<()> {
    let tiers = [(Tier::Quick, hosted.runs), (Tier::Deep, hosted.further)];
    for (_, runs) in tiers.iter().filter(|(tier, _)| args.tier.is_none_or(|only| only == *tier)) {
        for arguments in runs.tests {
            let command = cargo("test").args(*arguments);
            let command = command.arg(if args.run { "--no-fail-fast" } else { "--no-run" });
            command.run()?;
        }
        let groups = if args.run { runs.groups } else { &[] };
        for group in groups {
            suite(workspace, cargo("run"), group)?;
        }
    }
    Ok(())
}

/// The example that composes the crates without std.
fn bare_example(workspace: &Workspace, target: &Target, compiler: &Compiler) -> Result<()> {
    println!("cross: the small example without std, {}", target.triple);
    let command = compiler.cargo(workspace, target, "build");
    let command = command.args(["--quiet", "-p", "wrt-examples", "--lib", "--no-default-features"]);
    command.quiet().run()?;
    Ok(())
}

/// One group, with the programs that the tests have just built: optimizing them would take longer
/// than it saves.
fn suite(workspace: &Workspace, cargo: Cmd<'_>, group: &str) -> Result<()> {
    let args = spec::Args {
        dir: workspace.scripts_beside().into_iter().collect(),
        backend: Some("all".to_owned()),
        group: Some(group.to_owned()),
    };
    spec::execute(cargo, workspace, &args)
}
