//! Cargo's commands, and the settings of the user that reach them.
//!
//! Wrappers, linkers and flags of the user apply as in any other project. Settings that would
//! change what a command proves do not: another target, or flags in place of those of the command.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result};
use xshell::{Cmd, cmd};

use crate::workspace::{LIBRARIES, Workspace};

/// The variable with the target of commands that name none.
pub(crate) const TARGET: &str = "CARGO_BUILD_TARGET";

/// The profile of programs that must be fast but are not measured.
pub(crate) const OPTIMIZED: &str = "optimized";

/// Flags of rustc, between separators. Cargo reads neither `RUSTFLAGS` nor a configuration file
/// where this is set.
const RUSTFLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";

/// The same for rustdoc.
const RUSTDOCFLAGS: &str = "CARGO_ENCODED_RUSTDOCFLAGS";

const SEPARATOR: &str = "\x1f";

/// `cargo SUBCOMMAND` for this machine, by the cargo that called us.
pub(crate) fn command<'a>(workspace: &'a Workspace, subcommand: &str) -> Cmd<'a> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    cmd!(workspace.sh, "{cargo} {subcommand}").env_remove(TARGET)
}

/// The compiler that cargo calls.
pub(crate) fn rustc() -> OsString {
    let chosen = ["RUSTC", "CARGO_BUILD_RUSTC"].into_iter().find_map(env::var_os);
    chosen.unwrap_or_else(|| "rustc".into())
}

/// Lets `cargo hack` run its command for the library crates, one by one, with no feature and with
/// each of their features but `without`.
pub(crate) fn each_feature<'a>(command: Cmd<'a>, without: &str) -> Cmd<'a> {
    let command = command.args(["--each-feature", "--exclude-features", without]);
    LIBRARIES.iter().fold(command, |command, package| command.args(["--package", package]))
}

/// Passes these flags to rustc, and none of the user's.
pub(crate) fn with_flags<'a>(command: Cmd<'a>, flags: &[&str]) -> Cmd<'a> {
    command.env(RUSTFLAGS, flags.join(SEPARATOR))
}

/// Passes these flags to rustdoc, and none of the user's.
pub(crate) fn with_doc_flags<'a>(command: Cmd<'a>, flags: &[&str]) -> Cmd<'a> {
    command.env(RUSTDOCFLAGS, flags.join(SEPARATOR))
}

/// Flags of rustc in the user's variables.
pub(crate) fn flags_of_user() -> Vec<String> {
    let words = |variable, separator: &str| {
        let text = env::var(variable).ok()?;
        let words = text.split(separator).map(str::trim).filter(|word| !word.is_empty());
        Some(words.map(str::to_owned).collect())
    };
    words(RUSTFLAGS, SEPARATOR).or_else(|| words("RUSTFLAGS", " ")).unwrap_or_default()
}

/// The build folder.
pub(crate) fn target_dir(workspace: &Workspace) -> Result<PathBuf> {
    let metadata = command(workspace, "metadata");
    let metadata = metadata.args(["--format-version=1", "--no-deps"]).quiet().read()?;
    let folder = string(&metadata, "target_directory");
    Ok(folder.context("`cargo metadata` names no build folder")?.into())
}

/// The string after the first occurrence of a key in a JSON text, if there is one.
pub(crate) fn string(json: &str, key: &str) -> Option<String> {
    let (_, rest) = json.split_once(&format!("\"{key}\":\""))?;
    let mut value = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return Some(value),
            '\\' => value.push(chars.next()?),
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{RUSTDOCFLAGS, RUSTFLAGS, TARGET, command, string, target_dir, with_flags};
    use crate::compiler::Compiler;
    use crate::targets;
    use crate::workspace::Workspace;

    /// A shell in a separate package, with settings of a user that change what is compiled.
    fn package_of_user(folder: &Path) -> Workspace {
        let workspace = Workspace::open().unwrap();
        let sh = &workspace.sh;
        sh.change_dir(folder);
        let settings = "[build]\nrustflags = ['--cfg=theirs']\n\
                        [target.'cfg(all())']\nrustflags = ['--cfg=theirs']\n";
        sh.write_file(".cargo/config.toml", settings).unwrap();
        sh.write_file("Cargo.toml", "[package]\nname = 'a'\nedition = '2024'\n").unwrap();
        sh.write_file("src/main.rs", "fn main() {}\n").unwrap();
        for variable in ["RUSTFLAGS", "RUSTDOCFLAGS", RUSTFLAGS, RUSTDOCFLAGS] {
            sh.set_var(variable, "--cfg=theirs");
        }
        sh.set_var(TARGET, "of-nobody");
        sh.set_var("CARGO_TARGET_DIR", folder.join("target"));
        workspace
    }

    fn scratch() -> xshell::TempDir {
        xshell::Shell::new().unwrap().create_temp_dir().unwrap()
    }

    #[test]
    fn only_our_flags_and_target_reach_the_compiler() {
        let folder = scratch();
        let workspace = package_of_user(folder.path());
        let command = with_flags(command(&workspace, "rustc"), &["--cfg", "ours=\"a b\""]);
        let printed = command.args(["--quiet", "--", "--print=cfg"]).read().unwrap();
        assert!(printed.contains("ours=\"a b\"") && !printed.contains("theirs"), "{printed}");
    }

    #[test]
    fn only_our_flags_reach_another_targets_compiler() {
        let folder = scratch();
        let workspace = package_of_user(folder.path());
        for triple in ["aarch64-unknown-linux-gnu", "thumbv7em-none-eabi"] {
            let target = targets::select(Some(triple)).unwrap()[0];
            let command = Compiler::of_user().cargo(&workspace, &target, "rustc");
            let printed = command.args(["--quiet", "--", "--print=cfg"]).read().unwrap();
            let is_static = printed.contains("target_feature=\"crt-static\"");
            assert_eq!(is_static, target.hosted().is_some(), "{printed}");
            assert!(!printed.contains("theirs"), "{printed}");
        }
    }

    #[test]
    fn the_build_folder_is_cargos() {
        let folder = scratch();
        let workspace = package_of_user(folder.path());
        workspace.sh.set_var("CARGO_TARGET_DIR", folder.path().join("a \"b\" \\ c"));
        let found = target_dir(&workspace).unwrap();
        assert_eq!(found, folder.path().join("a \"b\" \\ c"));
    }

    #[test]
    fn strings_end_at_their_quotes() {
        let line = r#"{"target":{"name":"faults"},"executable":"/a b/\"c\"\\d","fresh":true}"#;
        assert_eq!(string(line, "executable").as_deref(), Some(r#"/a b/"c"\d"#));
        assert_eq!(string(r#"{"executable":null}"#, "executable"), None);
        assert_eq!(string(r#"{"executable":"a"#, "executable"), None);
    }
}
