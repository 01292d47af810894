//! Where functions begin and end.

use crate::tidy::source::is_ident;
use crate::tidy::tree::File;

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    /// Lines from signature to closing brace that hold code: no blanks, no comments.
    pub(super) length: usize,
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
        if let (false, Some(end)) = (name.is_empty(), body_end(&code[start..])) {
            let extent = &code[start..start + end];
            found.push(Function {
                name,
                line: code[..start].matches('\n').count() + 1,
                length: extent.lines().filter(|line| !line.trim().is_empty()).count(),
            });
        }
    }
    found
}

/// The length of signature and body; nothing for a declaration without one.
fn body_end(code: &str) -> Option<usize> {
    let mut nesting = 0_usize;
    let mut braces = 0_usize;
    for (index, c) in code.char_indices() {
        match c {
            '(' | '[' if braces == 0 => nesting += 1,
            ')' | ']' if braces == 0 => nesting = nesting.saturating_sub(1),
            ';' if nesting == 0 && braces == 0 => return None,
            '{' if nesting == 0 => braces += 1,
            '}' if nesting == 0 => {
                braces = braces.checked_sub(1)?;
                if braces == 0 {
                    return Some(index + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::functions;
    use crate::tidy::tree::File;

    #[test]
    fn lines_of_code_are_counted() {
        let text = "trait T {\n    fn declared(&self, x: [u8; 3]);\n}\n\n\
                    pub fn long(x: u8) -> u8\nwhere\n    u8: Copy,\n{\n    // why\n\n    f(\"}\")\n}\n";
        let found = functions(&File::new("a.rs", text));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), found[0].line, found[0].length), ("long", 5, 6));
    }

    #[test]
    fn pointers_to_functions_are_not_functions() {
        assert!(functions(&File::new("a.rs", "type F = fn (u8) -> u8;")).is_empty());
    }
}
