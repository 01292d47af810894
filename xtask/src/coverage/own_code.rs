//! Separation of a library crate's own code from its tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// Code that is compiled for tests only.
#[derive(Default)]
pub(super) struct Tests {
    /// Whole files.
    files: BTreeSet<PathBuf>,
    /// Lines of other files, from 1.
    lines: BTreeSet<(PathBuf, usize)>,
}

impl Tests {
    /// Reads every file below `folder`.
    pub(super) fn read(&mut self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.read(&path)?;
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                self.add(&path, &fs::read_to_string(&path)?);
            }
        }
        Ok(())
    }

    pub(super) fn contain(&self, path: &Path, line: usize) -> bool {
        self.files.contains(path) || self.lines.contains(&(path.to_owned(), line))
    }

    fn add(&mut self, path: &Path, text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let attribute = line.trim_start();
            if !(attribute == "#[cfg(test)]" || attribute.starts_with("#[cfg(all(test,")) {
                continue;
            }
            let indent = &line[..line.len() - attribute.len()];
            let rest = lines[start..].iter();
            let item =
                rest.clone().position(|line| !line.trim_start().starts_with("#[")).unwrap_or(0);
            let item_line = lines[start + item].trim();
            let module = item_line.split_once("mod ").and_then(|(_, name)| name.strip_suffix(';'));
            if let Some(name) = module {
                self.files.insert(module_file(path, name));
            }
            let ends = |line: &&str| line.strip_prefix(indent) == Some("}");
            let length = if item_line.ends_with(';') {
                item
            } else {
                rest.clone().position(ends).unwrap_or(item)
            };
            self.lines.extend((start..=start + length).map(|line| (path.to_owned(), line + 1)));
        }
    }
}

/// The file of a module that `parent` declares.
fn module_file(parent: &Path, name: &str) -> PathBuf {
    let folder = parent.with_extension("");
    let is_folder = ["mod", "lib"].iter().any(|stem| folder.ends_with(stem));
    let folder = if is_folder { parent.with_file_name("") } else { folder };
    folder.join(name).with_extension("rs")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Tests;

    #[test]
    fn tests_are_told_from_code() {
        let mut tests = Tests::default();
        let text = "fn f() {}\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\nfn h() {}\n";
        tests.add(Path::new("a.rs"), text);
        let of_tests: Vec<usize> =
            (1..=6).filter(|line| tests.contain(Path::new("a.rs"), *line)).collect();
        assert_eq!(of_tests, [2, 3, 4, 5]);
    }

    #[test]
    fn files_can_be_tests_as_a_whole() {
        let mut tests = Tests::default();
        let text = "#[cfg(all(test, unix))]\n#[path = \"x\"]\nmod models;\nfn f() {}\n";
        tests.add(Path::new("b/mod.rs"), text);
        tests.add(Path::new("c.rs"), text);
        for file in ["b/models.rs", "c/models.rs"] {
            assert!(tests.contain(Path::new(file), 1), "{file}");
        }
        assert!(!tests.contain(Path::new("c.rs"), 4));
    }
}
