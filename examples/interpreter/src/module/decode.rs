//! Check of a section's bytes against the binary format.

use wasmparser::{
    BinaryReaderError, ElementItems, ElementSectionReader, FromReader, Payload, SectionLimited,
};

/// Decodes a section to its end, without validation.
///
/// # Errors
///
/// The first error in its bytes.
pub(super) fn check(payload: Payload<'_>) -> Result<(), BinaryReaderError> {
    match payload {
        Payload::TypeSection(reader) => items(reader),
        Payload::ImportSection(reader) => reader.into_imports().try_for_each(|item| item.map(drop)),
        Payload::FunctionSection(reader) => items(reader),
        Payload::TableSection(reader) => items(reader),
        Payload::MemorySection(reader) => items(reader),
        Payload::TagSection(reader) => items(reader),
        Payload::GlobalSection(reader) => items(reader),
        Payload::ExportSection(reader) => items(reader),
        Payload::ElementSection(reader) => elements(reader),
        Payload::DataSection(reader) => items(reader),
        _ => Ok(()),
    }
}

fn items<'a, T: FromReader<'a>>(section: SectionLimited<'a, T>) -> Result<(), BinaryReaderError> {
    section.into_iter().try_for_each(|item| item.map(drop))
}

fn elements(section: ElementSectionReader<'_>) -> Result<(), BinaryReaderError> {
    for element in section {
        match element?.items {
            ElementItems::Functions(functions) => items(functions)?,
            ElementItems::Expressions(_, expressions) => items(expressions)?,
        }
    }
    Ok(())
}
