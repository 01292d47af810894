//! Start of functions.

use crate::tidy::source::is_ident;
use crate::tidy::tree::File;

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
}

/// Every function of the file that has a body, inner ones included.
pub(super) fn functions(file: &File) -> Vec<Function> {
    let code = file.code.as_str();
    let mut found = Vec::new();
    for (start, _) in code.match_indices("fn ") {
        if code[..start].ends_with(is_ident) {
            continue;
        }
        let name: String = code[start + 3..]
            .trim_start_matches('$')
            .chars()
            .take_while(|c| is_ident(*c))
            .collect();
        if !name.is_empty() && has_body(&code[start..]) {
            found.push(Function { name, line: code[..start].matches('\n').count() + 1 });
        }
    }
    found
}

/// Whether a body follows the signature, and not a semicolon.
fn has_body(code: &str) -> bool {
    let mut nesting = 0_usize;
    for c in code.chars() {
        match c {
            '(' | '[' => nesting += 1,
            ')' | ']' => nesting = nesting.saturating_sub(1),
            ';' if nesting == 0 => return false,
            '{' if nesting == 0 => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{Function, functions};
    use crate::tidy::tree::File;

    #[test]
    fn functions_have_bodies() {
        let text = "trait T {\n    fn declared(&self, x: [u8; 3]);\n}\n\n\
                    pub fn long(x: u8) -> u8\nwhere\n    u8: Copy,\n{\n    f(\"}\")\n}\n";
        let found = functions(&File::new("a.rs", text));
        assert_eq!(found, [Function { name: "long".to_owned(), line: 5 }]);
    }

    #[test]
    fn pointers_to_functions_are_not_functions() {
        assert!(functions(&File::new("a.rs", "type F = fn (u8) -> u8;")).is_empty());
    }
}
