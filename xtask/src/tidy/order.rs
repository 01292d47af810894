//! Order of modules. A library crate's `lib.rs`, and any other `mod.rs`, may have a list:
//!
//! ```text
//! // Order of modules, each uses only those below its line:
//! //   upper
//! //   middle beside
//! //   lower
//! ```
//!
//! Modules of one line do not use each other either. Tests may use everything.

use std::collections::HashMap;

use crate::tidy::Finding;
use crate::tidy::lists::LIBRARIES;
use crate::tidy::source::is_ident;
use crate::tidy::tree::{File, Tree};

const RULE: &str = "module-order";

/// How a list begins.
const HEAD: &str = "// Order of modules, each uses only those below its line:";

pub(super) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    for (library, _) in LIBRARIES {
        let source = format!("crates/{library}/src/");
        let root = format!("{source}lib.rs");
        for file in tree.files.iter().filter(|file| file.path.starts_with(&source)) {
            let is_parent = file.path == root || file.path.ends_with("/mod.rs");
            match Order::of(file).filter(|_| is_parent) {
                Some(order) => order.check(tree, &source, findings),
                None if file.path == root => {
                    let message = format!("the list `{HEAD}` is missing");
                    findings.push(Finding::error(&root, 1, RULE, message));
                }
                None => {}
            }
        }
    }
}

/// The list of one file, and its declarations of modules.
struct Order<'a> {
    file: &'a File,
    /// The line of the list that has the module, counted from the top.
    ranks: HashMap<&'a str, usize>,
    /// Modules that the file declares, but for tests.
    declared: Vec<&'a str>,
    /// The module that an item comes from: what the file exports, and macros.
    origins: HashMap<&'a str, &'a str>,
}

impl<'a> Order<'a> {
    fn of(file: &'a File) -> Option<Order<'a>> {
        let mut lines = file.text.lines().skip_while(|line| *line != HEAD);
        lines.next()?;
        let rows = lines.map_while(|line| line.strip_prefix("//   ")).enumerate();
        let ranks = rows.flat_map(|(rank, row)| row.split(' ').map(move |name| (name, rank)));
        let code = without_tests(&file.code);
        let origins = exports(code).collect();
        let declared = code.lines().filter_map(declaration).collect();
        Some(Order { file, ranks: ranks.collect(), declared, origins })
    }

    fn check(&self, tree: &Tree, source: &str, findings: &mut Vec<Finding>) {
        for name in self.declared.iter().filter(|name| !self.ranks.contains_key(**name)) {
            let message = format!("`{name}` is not in the order of modules");
            findings.push(Finding::error(&self.file.path, 1, RULE, message));
        }
        for name in self.ranks.keys().filter(|name| !self.declared.contains(name)) {
            let message = format!("the order names `{name}`, which is no module here");
            findings.push(Finding::error(&self.file.path, 1, RULE, message));
        }
        let here = module_of(&self.file.path, source);
        for file in tree.files.iter().filter(|file| file.path.starts_with(source)) {
            let module = module_of(&file.path, source);
            let Some(inside) = module.strip_prefix(here.as_slice()) else { continue };
            let Some(own) = inside.first().filter(|_| !is_test(tree, file)) else { continue };
            self.check_file(file, &module, &here, own, findings);
        }
    }

    /// `own` is the module of the list that the file belongs to.
    fn check_file(
        &self,
        file: &File,
        module: &[&str],
        here: &[&str],
        own: &str,
        findings: &mut Vec<Finding>,
    ) {
        let Some(rank) = self.ranks.get(own) else { return };
        for (line, path) in paths(without_tests(&file.code), module) {
            let Some(target) = path.strip_prefix(here).and_then(<[&str]>::first) else { continue };
            let target = self.origins.get(target).unwrap_or(target);
            let below = self.ranks.get(target).is_none_or(|other| rank < other);
            if *target != own && !below {
                let message =
                    format!("`{own}` uses `{target}`, which is not below it in the order");
                findings.push(Finding::error(&file.path, line, RULE, message));
            }
        }
    }
}

/// The modules of a file, by its path.
fn module_of<'a>(path: &'a str, source: &str) -> Vec<&'a str> {
    let inside = path.strip_prefix(source).unwrap_or(path).trim_end_matches(".rs");
    let mut names: Vec<&str> = inside.split('/').collect();
    if matches!(names.last(), Some(&("mod" | "lib"))) {
        names.pop();
    }
    names
}

/// The module of `mod name;`.
fn declaration(line: &str) -> Option<&str> {
    let (before, name) = line.strip_suffix(';')?.split_once("mod ")?;
    let visible = before.is_empty() || before.starts_with("pub") && before.ends_with(' ');
    (visible && name.chars().all(is_ident)).then_some(name)
}

/// `(item, module)` of every `use module::item` in the code, and of macros' own files.
fn exports(code: &str) -> impl Iterator<Item = (&str, &str)> {
    let statements = code.split(';').filter_map(|statement| {
        let (before, path) = statement.rsplit_once("use ")?;
        let begins = before.is_empty() || before.ends_with(['\n', ' ']);
        let path = path.strip_prefix("self::").unwrap_or(path);
        let (module, items) = path.split_once("::")?;
        begins.then_some((module, items))
    });
    let outer = |module: &str| matches!(module, "crate" | "super" | "core" | "std" | "alloc");
    statements.filter(move |(module, _)| !outer(module)).flat_map(|(module, items)| {
        let items = items.split(|c| !is_ident(c)).filter(|item| !item.is_empty());
        items.map(move |item| (item, module))
    })
}

/// Every path from `crate` or `super` in the code with its line, from the crate's root on.
fn paths<'a>(code: &'a str, module: &[&'a str]) -> Vec<(usize, Vec<&'a str>)> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = &code[..at];
            if before.ends_with(is_ident) || before.ends_with("::") || before.ends_with("in ") {
                continue;
            }
            let mut rest = &code[at..];
            let mut base = if start == "crate::" { Vec::new() } else { module.to_vec() };
            rest = rest.strip_prefix("crate::").unwrap_or(rest);
            while let Some(further) = rest.strip_prefix("super::") {
                base.pop();
                rest = further;
            }
            let line = before.matches('\n').count() + 1;
            for path in heads(rest) {
                found.push((line, [base.as_slice(), &path].concat()));
            }
        }
    }
    found
}

/// The paths that begin here: one, or the members of a group.
fn heads(rest: &str) -> Vec<Vec<&str>> {
    let Some(group) = rest.strip_prefix('{') else {
        return vec![path(rest)];
    };
    let mut depth = 0_usize;
    let mut members = vec![path(group.trim_start())];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(path(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    members
}

/// The names of a path up to a group, a glob or its end.
fn path(text: &str) -> Vec<&str> {
    let end = text.find(|c| !is_ident(c) && c != ':').unwrap_or(text.len());
    text[..end].split("::").filter(|name| !name.is_empty()).collect()
}

/// The code up to its tests, which come last.
fn without_tests(code: &str) -> &str {
    let is_tests = |at: &usize| {
        let mut lines = code[*at..].lines().skip(1).skip_while(|line| line.starts_with("#["));
        lines.next().is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    };
    let starts = ["#[cfg(test)]", "#[cfg(all(test"].into_iter();
    let mut places = starts.flat_map(|start| code.match_indices(start).map(|(at, _)| at));
    places.find(is_tests).map_or(code, |at| &code[..at])
}

/// Whether the file is a module for tests: some other file declares it as one.
fn is_test(tree: &Tree, file: &File) -> bool {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let stem = name.trim_end_matches(".rs");
    let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
    let near = |other: &&File| {
        let within = other.path.rsplit_once('/').map_or("", |(within, _)| within);
        within == folder || within == above
    };
    tree.files.iter().filter(near).any(|other| {
        let lines: Vec<&str> = other.text.lines().collect();
        let cfg = |line: &str| line.contains("cfg(test") || line.contains("cfg(all(test");
        let declares =
            |line: &str| declaration(line) == Some(stem) || line == format!("#[path = \"{name}\"]");
        lines.iter().enumerate().any(|(at, line)| {
            let next = lines.iter().skip(at + 1).take_while(|line| !line.is_empty()).take(2);
            cfg(line) && next.take_while(|line| !cfg(line)).any(|line| declares(line))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{HEAD, check};
    use crate::tidy::tree::{File, Tree};

    const ROOT: &str = "crates/wrt-runtime/src/";

    fn messages(list: &str, declared: &str, files: &[(&str, &str)]) -> Vec<String> {
        let root = format!("{HEAD}\n{list}\n{declared}");
        let mut all = vec![File::new(&format!("{ROOT}lib.rs"), &root)];
        all.extend(files.iter().map(|(path, text)| File::new(&format!("{ROOT}{path}"), text)));
        let mut findings = Vec::new();
        check(&Tree { files: all }, &mut findings);
        let ours = findings.into_iter().filter(|finding| finding.path.starts_with(ROOT));
        ours.map(|finding| format!("{}:{}", finding.path[ROOT.len()..].to_owned(), finding.line))
            .collect()
    }

    const LIST: &str = "//   upper\n//   middle beside\n//   lower\n";
    const DECLARED: &str =
        "mod upper;\npub(crate) mod middle;\nmod beside;\nmod lower;\npub use lower::{Low, low};\n";

    #[test]
    fn arrows_go_down() {
        let down = ("upper.rs", "use crate::middle::A;\nuse super::{beside, lower::B};\n");
        assert!(messages(LIST, DECLARED, &[down]).is_empty());
        for text in [
            "use crate::middle::A;",
            "use super::beside::B;",
            "fn f() { crate::upper::g() }",
            "use crate::{\n    lower,\n    upper::C,\n};",
            "use crate::{lower::{A, B}, beside};",
        ] {
            let found = messages(LIST, DECLARED, &[("middle.rs", text)]);
            assert_eq!(found.len(), usize::from(text != "use crate::middle::A;"), "{text}");
        }
        let deep = ("lower/inner/mod.rs", "\nuse super::super::upper::A;");
        assert_eq!(messages(LIST, DECLARED, &[deep]), ["lower/inner/mod.rs:2"]);
        let exported = ("lower.rs", "use crate::Low;");
        assert!(messages(LIST, DECLARED, &[exported]).is_empty());
        let upwards = format!("{DECLARED}pub use upper::Up;\n");
        assert_eq!(messages(LIST, &upwards, &[("lower.rs", "use crate::Up;")]), ["lower.rs:1"]);
    }

    #[test]
    fn tests_use_everything() {
        let inside = ("lower.rs", "#[cfg(test)]\nmod tests {\n    use crate::upper::A;\n}\n");
        assert!(messages(LIST, DECLARED, &[inside]).is_empty());
        let apart = [
            ("lower/mod.rs", "#[cfg(all(test, unix))]\nmod checks;\n"),
            ("lower/checks.rs", "use crate::upper::A;"),
        ];
        assert!(messages(LIST, DECLARED, &apart).is_empty());
    }

    #[test]
    fn lists_are_complete() {
        assert_eq!(messages("//   upper", "mod upper;\nmod new;", &[]), ["lib.rs:1"]);
        assert_eq!(messages("//   upper gone", "mod upper;", &[]), ["lib.rs:1"]);
    }
}
