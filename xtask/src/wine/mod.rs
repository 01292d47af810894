//! Wine for programs of Windows, with a separate prefix under the build folder.

use std::path::Path;

use anyhow::Result;
use xshell::cmd;

use crate::cargo;
use crate::workspace::Workspace;

/// Environment variables for programs under Wine.
///
/// # Errors
///
/// When the library that some releases of Wine lack cannot be built.
pub(crate) fn environment(
    workspace: &Workspace,
    linker: &str,
) -> Result<Vec<(&'static str, String)>> {
    let sh = &workspace.sh;
    let folder = cargo::target_dir(workspace)?.join("wine");
    let libraries = folder.join("libraries");
    sh.create_dir(&libraries)?;
    let source = folder.join("process_prng.c");
    sh.write_file(&source, include_str!("process_prng.c"))?;
    let library = libraries.join("bcryptprimitives.dll");
    cmd!(sh, "{linker} -shared -o {library} {source} -ladvapi32").quiet().run()?;
    Ok(vec![
        // Settings of its own: tests neither read nor change the user's.
        ("WINEPREFIX", folder.join("prefix").display().to_string()),
        ("WINEARCH", "win64".to_owned()),
        // The host's language is Windows's, too.
        ("LC_ALL", "C.UTF-8".to_owned()),
        // Searched last, so Wine's own library comes first where it has one.
        ("WINEPATH", in_wine(&libraries)),
        ("WINEDEBUG", "-all".to_owned()),
        // The debugger would replace the exit code of a program that faults; the others are
        // offered for installation.
        ("WINEDLLOVERRIDES", "winedbg.exe,mscoree,mshtml=d".to_owned()),
    ])
}

/// A path in the form of programs under Wine.
fn in_wine(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}

#[cfg(test)]
mod tests {
    use super::in_wine;

    #[test]
    fn paths_are_on_the_drive_of_the_root() {
        assert_eq!(in_wine("/a/b c".as_ref()), "Z:\\a\\b c");
    }
}
