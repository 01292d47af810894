//! Rules on Rust files.

use crate::tidy::functions::functions;
use crate::tidy::source::has_word;
use crate::tidy::tree::File;
use crate::tidy::{Finding, lists};

pub(super) fn check(file: &File, findings: &mut Vec<Finding>) {
    unsafe_is_announced(file, findings);
    unsafe_is_forbidden(file, findings);
    file_length(file, findings);
    table_of_contents(file, findings);
    cfg_placement(file, findings);
    ignored_tests(file, findings);
    safety_cites(file, findings);
    host_is_called_in_one_place(file, findings);
    cargo_is_called_in_one_place(file, findings);
}

/// `unsafe` occurs only in files that allow it at their top. (Clippy checks that they give a
/// reason.)
fn unsafe_is_announced(file: &File, findings: &mut Vec<Finding>) {
    let message = match (file.allows_unsafe(), has_word(&file.code, "unsafe")) {
        (false, true) => "unsafe code without #![allow(unsafe_code, reason = ...)] in its file",
        (true, false) => "the file allows unsafe code and has none",
        _ => return,
    };
    let stands = |code: &str| has_word(code, "unsafe") || code.contains("(unsafe_code");
    let line = file.code_lines().find(|(_, code)| stands(code)).map_or(1, |(line, _)| line);
    findings.push(Finding::error(&file.path, line, "unsafe-announced", message));
}

/// Some packages must have no unsafe code at all, not even in a file that allows it.
fn unsafe_is_forbidden(file: &File, findings: &mut Vec<Finding>) {
    let root = lists::FORBIDS_UNSAFE.iter().any(|folder| is_crate_root(&file.path, folder));
    if root && !file.code.contains("#![forbid(unsafe_code)]") {
        let message = "this crate root must say #![forbid(unsafe_code)]";
        findings.push(Finding::error(&file.path, 1, "forbid-unsafe", message));
    }
}

/// Whether the file is the root of a library or a program of the package in `folder`.
fn is_crate_root(path: &str, folder: &str) -> bool {
    let inside = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix("/src/"));
    inside.is_some_and(|inside| {
        let program = inside.strip_prefix("bin/");
        let program = program.is_some_and(|name| !name.contains('/') || name.ends_with("/main.rs"));
        program || matches!(inside, "lib.rs" | "main.rs")
    })
}

const FILE_SOFT: usize = 500;
const FILE_HARD: usize = 550;
/// The most lines of a small example.
const SMALL_EXAMPLE: usize = 80;

fn file_length(file: &File, findings: &mut Vec<Finding>) {
    let lines = file.text.lines().count();
    let message = format!("{lines} lines; about {FILE_SOFT} is the most that one noun needs");
    if file.path.starts_with("examples/small/") && lines > SMALL_EXAMPLE {
        let message = format!("{lines} lines; a small example has at most {SMALL_EXAMPLE}");
        findings.push(Finding::error(&file.path, lines, "file-length", message));
    } else if lines > FILE_HARD {
        findings.push(Finding::error(&file.path, lines, "file-length", message));
    } else if lines > FILE_SOFT {
        findings.push(Finding::warning(&file.path, lines, "file-length", message));
    }
}

/// `lib.rs` is a table of contents without code.
fn table_of_contents(file: &File, findings: &mut Vec<Finding>) {
    if !file.path.ends_with("src/lib.rs") {
        return;
    }
    for function in functions(file) {
        let message = format!("`{}` has a body: lib.rs is a table of contents", function.name);
        findings.push(Finding::error(&file.path, function.line, "lib-contents", message));
    }
}

/// In library crates the platform is chosen in few places: `backend/mod.rs`, the ports' `mod.rs`,
/// crate roots, and files that as a whole exist or do not.
fn cfg_placement(file: &File, findings: &mut Vec<Finding>) {
    let library = lists::LIBRARIES.iter().any(|(name, _)| {
        let prefix = format!("crates/{name}/src/");
        file.path.starts_with(&prefix)
    });
    if !library || lists::may_choose(&file.path) {
        return;
    }
    let lines: Vec<&str> = file.code.lines().map(str::trim_start).collect();
    for (index, code) in lines.iter().enumerate() {
        let chooses = ["cfg(", "cfg!(", "cfg_attr("].iter().any(|form| code.contains(form));
        let mut rest = lines.iter().skip(index + 1).filter(|line| !line.starts_with("#["));
        let next = rest.next().copied().unwrap_or("");
        if chooses && !chooses_whole_file(code, next) {
            let message = "cfg belongs in backend/mod.rs, in a port's mod.rs, in lib.rs, or over a whole file";
            findings.push(Finding::error(&file.path, index + 1, "cfg-placement", message));
        }
    }
}

/// `#![cfg(...)]`, an optional module, one of two files for a module, or tests.
fn chooses_whole_file(code: &str, next: &str) -> bool {
    let module = has_word(next, "mod") && next.ends_with(';');
    let twin = code.starts_with("#[cfg_attr(") && code.contains("path = ");
    let test = code.starts_with("#[cfg(test)]") || code.starts_with("#[cfg(all(test,");
    code.starts_with("#![cfg(") || twin || test || (code.starts_with("#[cfg(") && module)
}

fn ignored_tests(file: &File, findings: &mut Vec<Finding>) {
    for (line, code) in file.code_lines() {
        let bare = code.contains("#[ignore]") || code.contains(", ignore)");
        if bare {
            let message = "an ignored test says why: #[ignore = \"reason\"]";
            findings.push(Finding::error(&file.path, line, "ignore-reason", message));
        }
    }
}

/// A SAFETY comment in the platform names what it rests on: a numbered invariant, or
/// the contract by name. Inside a backend and a port the facts are the system's, so there only the
/// guarantee to be a `PageAllocator` cites. (That each block has a comment, clippy checks.)
fn safety_cites(file: &File, findings: &mut Vec<Finding>) {
    let Some(inside) = file.path.strip_prefix("crates/wrt-platform/src/") else {
        return;
    };
    let host = ["backend/", "sys/"].iter().any(|folder| inside.starts_with(folder));
    let lines: Vec<&str> = file.text.lines().map(str::trim_start).collect();
    for (index, line) in lines.iter().enumerate() {
        if !line.starts_with("// SAFETY:") {
            continue;
        }
        let rest = &lines[index..];
        let length = rest.iter().take_while(|line| line.starts_with("//")).count();
        let guarantee = rest.get(length).is_some_and(|line| line.starts_with("unsafe impl"));
        let must_cite = guarantee || !host;
        if must_cite && !cites(&rest[..length].join(" ")) {
            let message = "name the invariant (I1, ...) or the contract that this rests on";
            findings.push(Finding::error(&file.path, index + 1, "safety-cites", message));
        }
    }
}

/// Whether a comment has a number such as I2 (an invariant) or C1 (the allocator's contract), or
/// the name of a contract.
fn cites(comment: &str) -> bool {
    let mut words = comment.split(|c: char| !c.is_alphanumeric());
    let numbered = words.any(|word| {
        let digits = word.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or("");
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    });
    numbered || ["contract", "caller", "valid region"].iter().any(|name| comment.contains(name))
}

/// The platform calls the host only in `sys/`, except for tests that change pages behind its back.
fn host_is_called_in_one_place(file: &File, findings: &mut Vec<Finding>) {
    let Some(inside) = file.path.strip_prefix("crates/wrt-platform/src/") else {
        return;
    };
    let test = inside.rsplit('/').next().is_some_and(|name| name.starts_with("tests"));
    if inside.starts_with("sys/") || test {
        return;
    }
    let calls =
        |code: &str| ["rustix", "libc", "windows_sys"].iter().any(|name| has_word(code, name));
    for (line, _) in file.code_lines().filter(|(_, code)| calls(code)) {
        let message = "only sys/ calls the host: add what is needed to its ports";
        findings.push(Finding::error(&file.path, line, "host-called", message));
    }
}

/// Only one file decides which settings of the user reach cargo.
fn cargo_is_called_in_one_place(file: &File, findings: &mut Vec<Finding>) {
    // The rules themselves, here, run nothing.
    if !file.path.starts_with("xtask/src/") || file.path.starts_with("xtask/src/tidy/") {
        return;
    }
    let calls = |text: &str| {
        text.contains("cmd!(") && ["\"cargo ", "\"rustc "].iter().any(|word| text.contains(word))
    };
    for (line, _) in file.lines().filter(|(_, text)| calls(text)) {
        let message = "xtask/src/cargo.rs makes the commands of cargo and names the compiler";
        findings.push(Finding::error(&file.path, line, "cargo-called", message));
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::File;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        let mut findings = Vec::new();
        check(&File::new(path, text), &mut findings);
        findings.iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn unsafe_is_allowed_at_the_top_of_its_file() {
        let path = "examples/small/src/bin/a.rs";
        let (allow, code) =
            ("#![allow(unsafe_code, reason = \"why\")]", "fn f() { unsafe { g() } }");
        assert_eq!(rules(path, code), ["unsafe-announced"]);
        assert_eq!(rules(path, allow), ["unsafe-announced"]);
        assert_eq!(rules(path, &format!("#[allow(unsafe_code)]\n{code}")), ["unsafe-announced"]);
        assert!(rules(path, &format!("{allow}\n{code}")).is_empty());
        assert!(rules(path, "// unsafe is a word here\nconst A: &str = \"unsafe\";").is_empty());
    }

    #[test]
    fn upper_layers_forbid_unsafe() {
        let program = "examples/interpreter/src/bin/wrt-run/main.rs";
        assert_eq!(rules(program, "fn main() {}"), ["forbid-unsafe"]);
        assert!(rules("examples/interpreter/src/bin/wrt-run/source.rs", "").is_empty());
        let path = "crates/wrt-runtime/src/lib.rs";
        assert_eq!(rules(path, "#![no_std]"), ["forbid-unsafe"]);
        assert!(rules(path, "#![no_std]\n#![forbid(unsafe_code)]").is_empty());
    }

    #[test]
    fn length_has_a_limit() {
        assert!(rules("a.rs", &"//\n".repeat(500)).is_empty());
        assert_eq!(rules("a.rs", &"//\n".repeat(551)), ["file-length"]);
        assert_eq!(rules("examples/small/src/bin/a.rs", &"//\n".repeat(81)), ["file-length"]);
    }

    #[test]
    fn lib_rs_has_no_bodies() {
        assert_eq!(rules("crates/a/src/lib.rs", "pub fn f() {}"), ["lib-contents"]);
        assert!(rules("crates/a/src/lib.rs", "//! `fn f() {}`\nmod f;").is_empty());
    }

    #[test]
    fn the_platform_is_chosen_in_few_places() {
        let inside = "crates/wrt-runtime/src/memory.rs";
        assert_eq!(rules(inside, "#[cfg(unix)]\nfn f() {}"), ["cfg-placement"]);
        assert_eq!(rules(inside, "fn f() -> bool { cfg!(unix) }"), ["cfg-placement"]);
        assert!(rules(inside, "#![cfg(unix)]").is_empty());
        assert!(rules(inside, "#[cfg(unix)]\nmod unix;").is_empty());
        assert!(rules(inside, "#[cfg_attr(unix, path = \"unix.rs\")]\nmod host;").is_empty());
        assert!(rules(inside, "#[cfg(test)]\nmod tests {}").is_empty());
        assert!(
            rules("crates/wrt-platform/src/backend/mod.rs", "#[cfg(unix)]\nmod mmap;").is_empty()
        );
    }

    #[test]
    fn ignored_tests_have_a_reason() {
        assert_eq!(rules("a.rs", "#[ignore]\nfn f() {}"), ["ignore-reason"]);
        assert!(rules("a.rs", "#[ignore = \"needs MTE\"]\nfn f() {}").is_empty());
    }

    #[test]
    fn safety_comments_cite() {
        let path = "crates/wrt-platform/src/mapping.rs";
        assert_eq!(rules(path, "// SAFETY: it is fine.\n"), ["safety-cites"]);
        assert!(rules(path, "// SAFETY: by I2 the byte is\n// mapped.\n").is_empty());
        assert!(rules(path, "// SAFETY: the caller's contract.\n").is_empty());
    }

    #[test]
    fn the_host_is_called_by_the_ports() {
        let call = "use rustix::mm::mmap;";
        let inside = |path| rules(&format!("crates/wrt-platform/src/{path}"), call);
        assert_eq!(inside("backend/heap.rs"), ["host-called"]);
        assert!(inside("sys/unix/pages.rs").is_empty());
        assert!(inside("backend/virtual_memory/tests.rs").is_empty());
        assert!(rules("crates/wrt-testkit/src/asked.rs", call).is_empty());
    }

    #[test]
    fn cargo_is_called_by_its_own_file() {
        let path = "xtask/src/test.rs";
        assert_eq!(rules(path, "fn f() { cmd!(sh, \"cargo test\") }"), ["cargo-called"]);
        assert_eq!(rules(path, "fn f() { cmd!(sh, \"rustc -vV\") }"), ["cargo-called"]);
        assert!(rules(path, "fn f() { cmd!(sh, \"rustup run {t} cargo check\") }").is_empty());
        assert!(rules("benches/a.rs", "fn f() { cmd!(sh, \"cargo test\") }").is_empty());
    }
}
