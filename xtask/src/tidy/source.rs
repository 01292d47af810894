//! A minimal lexer of Rust that distinguishes code from comments and literals.

/// The text with comments and the insides of literals replaced by spaces; every line
/// keeps its number.
pub(super) fn blank(text: &str) -> String {
    let mut lexer = Lexer { rest: text, out: String::with_capacity(text.len()) };
    while lexer.step() {}
    lexer.out
}

/// Whether `word` occurs in `line` as a whole identifier.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let mut words = line.split(|c: char| !is_ident(c));
    words.any(|candidate| candidate == word)
}

pub(super) fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Lexer<'a> {
    rest: &'a str,
    out: String,
}

impl Lexer<'_> {
    /// Consumes one token; false at the end.
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else {
            return false;
        };
        match first {
            '/' if self.rest.starts_with("//") => {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.blank(end);
            }
            '/' if self.rest.starts_with("/*") => self.blank(comment_end(self.rest)),
            '"' => self.literal(0, "\"", true),
            '\'' => self.quote(),
            c if is_ident(c) => self.word(),
            c => self.copy(c.len_utf8()),
        }
        true
    }

    /// A character literal, or the tick of a lifetime.
    fn quote(&mut self) {
        let mut chars = self.rest.chars().skip(1);
        let (first, second) = (chars.next(), chars.next());
        if first == Some('\\') || second == Some('\'') {
            self.literal(0, "'", true);
        } else {
            self.copy(1);
        }
    }

    /// An identifier, or the prefix of a raw string.
    fn word(&mut self) {
        let end = self.rest.find(|c| !is_ident(c)).unwrap_or(self.rest.len());
        let (word, after) = self.rest.split_at(end);
        let hashes = after.len() - after.trim_start_matches('#').len();
        let raw = matches!(word, "r" | "br" | "cr") && after[hashes..].starts_with('"');
        if raw {
            let close = format!("\"{}", "#".repeat(hashes));
            self.literal(end + hashes, &close, false);
        } else {
            self.copy(end);
        }
    }

    /// Copies `prefix` and the delimiters, blanks what is between.
    fn literal(&mut self, prefix: usize, close: &str, escapes: bool) {
        self.copy(prefix + 1);
        let end = literal_end(self.rest, close, escapes);
        self.blank(end);
        self.copy(close.len().min(self.rest.len()));
    }

    fn copy(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.out.push_str(taken);
        self.rest = rest;
    }

    fn blank(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.out.extend(taken.chars().map(|c| if c == '\n' { c } else { ' ' }));
        self.rest = rest;
    }
}

/// Start of the closing delimiter.
fn literal_end(text: &str, close: &str, escapes: bool) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if escapes && c == '\\' {
            escaped = true;
        } else if text[index..].starts_with(close) {
            return index;
        }
    }
    text.len()
}

/// End of a block comment, which may nest.
fn comment_end(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut index = 0;
    while let Some(c) = text[index..].chars().next() {
        let rest = &text[index..];
        if rest.starts_with("/*") {
            depth += 1;
            index += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            index += 2;
            if depth == 0 {
                return index;
            }
        } else {
            index += c.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{blank, has_word};

    #[test]
    fn comments_and_literals_are_blanked_in_place() {
        assert_eq!(blank("a // unsafe\nb"), "a          \nb");
        assert_eq!(blank("a /* x /* y */ z */ b"), "a                   b");
        assert_eq!(blank(r#"f("un\"safe", 'x', '\'')"#), r#"f("        ", ' ', '  ')"#);
        assert_eq!(blank("r#\"a\"b\"# c"), "r#\"   \"# c");
        assert_eq!(blank("fn f<'a>(x: &'a str) {}"), "fn f<'a>(x: &'a str) {}");
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("unsafe { x }", "unsafe"));
        assert!(!has_word("#![forbid(unsafe_code)]", "unsafe"));
    }
}
