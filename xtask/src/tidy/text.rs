//! Rules on the text of every file.

use crate::tidy::Finding;
use crate::tidy::tree::{File, Tree};

pub(super) fn check(file: &File, findings: &mut Vec<Finding>) {
    unfinished(file, findings);
    machine_paths(file, findings);
    name(file, findings);
}

const ATTRIBUTES: &str = ".gitattributes";

/// Git must not change the line ends of scripts and test cases.
pub(super) fn kept_as_committed(tree: &Tree, findings: &mut Vec<Finding>) {
    let attributes = tree.file(ATTRIBUTES);
    if !attributes.is_some_and(|file| file.lines().any(|(_, line)| line == "* -text")) {
        let message = "`* -text` is not there: git would convert line ends where it is set to";
        findings.push(Finding::error(ATTRIBUTES, 1, "line-ends", message));
    }
}

/// Marks of unfinished work, assembled so that this file has none.
const UNFINISHED: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("HA", "CK:"),
    concat!("to", "do!("),
    concat!("un", "implemented!("),
];

fn unfinished(file: &File, findings: &mut Vec<Finding>) {
    for (line, text) in file.lines() {
        for mark in UNFINISHED.iter().filter(|mark| text.contains(**mark)) {
            let message = format!("`{mark}`: finish it, or say in the docs what is not there");
            findings.push(Finding::error(&file.path, line, "unfinished", message));
        }
    }
}

/// Folders that exist on one person's machine only.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

fn machine_paths(file: &File, findings: &mut Vec<Finding>) {
    for (line, text) in file.lines() {
        for path in MACHINE_PATHS.iter().filter(|path| names_folder(text, path)) {
            let message = format!("`{path}` is a folder of one machine: use a relative path");
            findings.push(Finding::error(&file.path, line, "machine-path", message));
        }
    }
}

/// Whether the text is the start of an absolute path, and not a part of a word or of a relative
/// path.
fn names_folder(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(index, _)| {
        let before = text[..index].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || "._-~*/".contains(c)))
    })
}

/// Names that do not describe the contents.
const NO_NOUN: [&str; 8] =
    ["util", "utils", "common", "helper", "helpers", "misc", "stuff", "shared_code"];

fn name(file: &File, findings: &mut Vec<Finding>) {
    for part in file.path.split('/') {
        let stem = part.split('.').next().unwrap_or(part);
        if NO_NOUN.contains(&stem) {
            let message = format!("`{stem}` is no noun: name the file after what it holds");
            findings.push(Finding::error(&file.path, 1, "file-name", message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MACHINE_PATHS, UNFINISHED, check, kept_as_committed};
    use crate::tidy::tree::{File, Tree};

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        let mut findings = Vec::new();
        check(&File::new(path, text), &mut findings);
        findings.iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn unfinished_work_is_found_in_comments_and_documents() {
        assert_eq!(rules("a.rs", &format!("// {} later", UNFINISHED[0])), ["unfinished"]);
        assert_eq!(rules("a.md", &format!("{} this", UNFINISHED[1])), ["unfinished"]);
        assert!(rules("a.rs", "// done").is_empty());
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        assert_eq!(rules("a.sh", &format!("cd {}main", MACHINE_PATHS[0])), ["machine-path"]);
        assert!(rules("a.sh", &format!("cd ..{}main", MACHINE_PATHS[0])).is_empty());
    }

    #[test]
    fn line_ends_are_kept_as_committed() {
        let findings = |path, text| {
            let mut findings = Vec::new();
            kept_as_committed(&Tree { files: vec![File::new(path, text)] }, &mut findings);
            findings.len()
        };
        assert_eq!(findings("a.rs", ""), 1);
        assert_eq!(findings(".gitattributes", "*.rs text\n"), 1);
        assert_eq!(findings(".gitattributes", "# Why\n* -text\n"), 0);
    }

    #[test]
    fn files_are_named_after_nouns() {
        assert_eq!(rules("src/utils.rs", ""), ["file-name"]);
        assert_eq!(rules("tests/common/mod.rs", ""), ["file-name"]);
        assert!(rules("src/region.rs", "").is_empty());
    }
}
