//! Reads a module: a binary as it is, a text encoded.

use std::fs;
use std::path::Path;

/// The module's bytes. The error is one line that names the file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let name = path.display();
    let bytes = fs::read(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let named_text = path.extension().is_some_and(|extension| extension == "wat");
    if bytes.starts_with(b"\0asm") || !named_text {
        return Ok(bytes);
    }
    encode(&name.to_string(), bytes)
}

#[cfg(not(feature = "text"))]
fn encode(name: &str, _: Vec<u8>) -> Result<Vec<u8>, String> {
    Err(format!(
        "{name}: the text format is not built in: build wrt-run with `--features text`, or \
         convert the module with `wat2wasm`"
    ))
}

#[cfg(feature = "text")]
fn encode(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    use wast::Wat;
    use wast::parser::{ParseBuffer, parse};

    let text = String::from_utf8(bytes).map_err(|error| format!("{name}: not text: {error}"))?;
    let encoded = ParseBuffer::new(&text)
        .and_then(|buffer| parse::<Wat<'_>>(&buffer).and_then(|mut module| module.encode()));
    encoded.map_err(|error| {
        let (line, column) = error.span().linecol_in(&text);
        format!("{name}:{}:{}: {}", line + 1, column + 1, error.message())
    })
}
