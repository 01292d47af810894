//! The files that rules look at.

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

/// Build folders, git's own, and data.
const NOT_OURS: [&str; 3] = ["target", ".git", ".proptest-regressions"];

/// Kinds of files that people write.
const TEXT: [&str; 12] =
    ["rs", "toml", "md", "txt", "sh", "yml", "yaml", "c", "h", "wat", "wast", "ld"];

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
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            visit(&entry.path(), &format!("{path}/"), files)?;
        } else if is_text(&path) {
            let text =
                fs::read_to_string(entry.path()).with_context(|| format!("cannot read {path}"))?;
            files.push(File::new(&path, &text));
        }
    }
    Ok(())
}

fn is_text(path: &str) -> bool {
    let script = path.starts_with(".ci/");
    script || path.rsplit_once('.').is_some_and(|(_, extension)| TEXT.contains(&extension))
}
