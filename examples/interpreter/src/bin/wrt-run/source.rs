//! Reads a module: a binary as it is, a text encoded.

use std::fs;
use std::path::Path;

use wast::Wat;
use wast::parser::{ParseBuffer, parse};

/// The module's bytes. The error is one line that names the file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let name = path.display();
    let bytes = fs::read(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let named_text = path.extension().is_some_and(|extension| extension == "wat");
    if bytes.starts_with(b"\0asm") || !named_text {
        return Ok(bytes);
    }
    let text = String::from_utf8(bytes).map_err(|error| format!("{name}: not text: {error}"))?;
    encode(&text).map_err(|error| {
        let (line, column) = error.span().linecol_in(&text);
        format!("{name}:{}:{}: {}", line + 1, column + 1, error.message())
    })
}

fn encode(text: &str) -> Result<Vec<u8>, wast::Error> {
    let buffer = ParseBuffer::new(text)?;
    parse::<Wat<'_>>(&buffer)?.encode()
}
