//! The house rules, as code. A finding names file, line and rule; errors fail, warnings are
//! printed. `lists.rs` holds the names that rules need.

mod functions;
mod guides;
mod injected;
mod lists;
mod manifests;
mod order;
mod rust;
mod source;
mod text;
mod tree;

use anyhow::{Result, bail};

use crate::tidy::tree::Tree;
use crate::workspace::Workspace;

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    message: String,
    warning: bool,
}

impl Finding {
    fn error(path: &str, line: usize, rule: &'static str, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, rule, message: message.into(), warning: false }
    }

    fn warning(path: &str, line: usize, rule: &'static str, message: impl Into<String>) -> Finding {
        Finding { warning: true, ..Finding::error(path, line, rule, message) }
    }
}

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tree = Tree::read(&workspace.root)?;
    let mut findings = all(&tree);
    findings.sort();
    let mut errors = 0;
    for finding in &findings {
        let Finding { path, line, rule, message, warning } = finding;
        let kind = if *warning { "warning" } else { "error" };
        errors += usize::from(!warning);
        println!("{path}:{line}: {kind} [{rule}]: {message}");
    }
    println!(
        "tidy: {} files, {errors} errors, {} warnings",
        tree.files.len(),
        findings.len() - errors
    );
    if errors > 0 {
        bail!("{errors} places break a house rule");
    }
    Ok(())
}

fn all(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        text::check(file, &mut findings);
        if file.is_rust() {
            rust::check(file, &mut findings);
        }
        if file.is_manifest() {
            manifests::check(file, &mut findings);
        }
    }
    lists::check_stale(tree, &mut findings);
    guides::check(tree, &mut findings);
    injected::check(tree, &mut findings);
    order::check(tree, &mut findings);
    text::kept_as_committed(tree, &mut findings);
    findings
}
