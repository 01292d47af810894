//! The files that rules check.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::tidy::source::blank;

/// Every text file of the repository.
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

/// One file, with its path from the root.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
    /// Rust only: the text with comments and the insides of literals blanked.
    pub(super) code: String,
}

/// Cargo's usual build folder.
const BUILDS: &str = "target";

/// The file that marks other build folders, of cargo and of other tools.
const CACHE: &str = "CACHEDIR.TAG";

/// Hidden folders that are checked; others belong to git, to editors and the like.
const HIDDEN: [&str; 2] = [".cargo", ".ci"];

/// Kinds of files that people write.
const TEXT: [&str; 13] = [
    "rs",
    "toml",
    "md",
    "txt",
    "sh",
    "yml",
    "yaml",
    "c",
    "h",
    "wat",
    "wast",
    "ld",
    "gitattributes",
];

impl Tree {
    pub(super) fn read(root: &Path) -> Result<Tree> {
        let mut files = Vec::new();
        visit(root, "", &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Tree { files })
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    pub(super) fn new(path: &str, text: &str) -> File {
        let rust = path.ends_with(".rs");
        File {
            path: path.to_owned(),
            text: text.to_owned(),
            code: if rust { blank(text) } else { String::new() },
        }
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(super) fn is_manifest(&self) -> bool {
        self.path == "Cargo.toml" || self.path.ends_with("/Cargo.toml")
    }

    /// Whether the file allows unsafe code at its top.
    pub(super) fn allows_unsafe(&self) -> bool {
        self.code.contains("#![allow(unsafe_code")
    }

    /// Lines of code with their numbers, comments and literals blanked.
    pub(super) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Lines as written, with their numbers.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

fn visit(dir: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if is_ours(&entry.path(), &name) {
                visit(&entry.path(), &format!("{path}/"), files)?;
            }
        // Not a link: editors leave some that lead nowhere.
        } else if kind.is_file() && is_text(&path) {
            let text =
                fs::read_to_string(entry.path()).with_context(|| format!("cannot read {path}"))?;
            files.push(File::new(&path, &text));
        }
    }
    Ok(())
}

fn is_ours(folder: &Path, name: &str) -> bool {
    let hidden = name.starts_with('.') && !HIDDEN.contains(&name);
    name != BUILDS && !hidden && !folder.join(CACHE).exists()
}

fn is_text(path: &str) -> bool {
    let script = path.starts_with(".ci/");
    script || path.rsplit_once('.').is_some_and(|(_, extension)| TEXT.contains(&extension))
}

#[cfg(test)]
mod tests {
    use xshell::Shell;

    use super::Tree;

    #[test]
    fn folders_and_links_of_tools_are_passed_over() {
        let sh = Shell::new().unwrap();
        let root = sh.create_temp_dir().unwrap();
        sh.change_dir(root.path());
        for path in
            ["a.rs", ".ci/run", ".cargo/config.toml", ".git/a.txt", "target/a.rs", ".venv/a.md"]
        {
            sh.write_file(path, "").unwrap();
        }
        sh.write_file("out/CACHEDIR.TAG", "").unwrap();
        sh.write_file("out/not-utf-8.rs", [0xFF]).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("nobody@nowhere", root.path().join(".#a.rs")).unwrap();
        let files = Tree::read(root.path()).unwrap().files;
        let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, [".cargo/config.toml", ".ci/run", "a.rs"]);
    }
}
