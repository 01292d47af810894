//! Reads a module section by section; each is validated before it is used.

use std::sync::Arc;

use wasmparser::{
    BinaryReaderError, ElementItems, ElementKind, ExternalKind, FuncToValidate,
    FuncValidatorAllocations, FunctionBody, KnownCustom, Parser, Payload, TableInit, TypeRef,
    ValidPayload, Validator, ValidatorResources,
};

use super::types::{global_type, memory_type, table_type};
use super::{
    ConstExpr, DataSegmentInit, ElementSegment, Export, Import, Item, Items, Parts, SegmentMode,
    decode, func_type, names, val_type,
};
use crate::error::LoadError;
use crate::features::Features;
use crate::translate::{Scratch, translate};

/// Functions are translated once everything they may refer to is known to be valid.
type Body<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

pub(super) fn parse(bytes: &[u8], features: &Features, metered: bool) -> Result<Parts, LoadError> {
    let features = features.to_wasmparser();
    let mut validator = Validator::new_with_features(features);
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let mut parts = Parts { metered, ..Parts::default() };
    let mut bodies = Vec::new();
    for payload in parser.parse_all(bytes) {
        let payload = payload.map_err(LoadError::malformed)?;
        match validator.payload(&payload) {
            Ok(ValidPayload::Func(func, body)) => bodies.push((func, body)),
            Ok(_) => {}
            Err(error) => return Err(refused(payload, error)),
        }
        section(&mut parts, payload)?;
    }
    translate_all(&mut parts, bodies)?;
    Ok(parts)
}

/// The error of a section that the validator refused. It decodes and validates in one pass, so its
/// error is about a broken rule only if the whole section decodes; otherwise the error of the bytes
/// comes first.
fn refused(payload: Payload<'_>, error: BinaryReaderError) -> LoadError {
    match decode::check(payload) {
        Ok(()) => LoadError::invalid(error),
        Err(error) => LoadError::malformed(error),
    }
}

fn translate_all(parts: &mut Parts, bodies: Vec<Body<'_>>) -> Result<(), LoadError> {
    let mut code = core::mem::take(&mut parts.code);
    let mut allocations = FuncValidatorAllocations::default();
    let mut scratch = Scratch::default();
    for (func, body) in bodies {
        let mut validator = func.into_validator(allocations);
        translate(parts, &mut code, &mut scratch, &mut validator, &body)?;
        allocations = validator.into_allocations();
    }
    parts.code = code;
    Ok(())
}

fn section(parts: &mut Parts, payload: Payload<'_>) -> Result<(), LoadError> {
    match payload {
        Payload::TypeSection(reader) => types(parts, reader),
        Payload::ImportSection(reader) => imports(parts, reader),
        Payload::FunctionSection(reader) => {
            for ty in reader {
                parts.funcs.push(ty.map_err(LoadError::malformed)?);
            }
            Ok(())
        }
        Payload::TableSection(reader) => tables(parts, reader),
        Payload::MemorySection(reader) => {
            for item in reader.into_iter_with_offsets() {
                let (offset, ty) = item.map_err(LoadError::malformed)?;
                parts.memories.push(memory_type(&ty, offset)?);
            }
            Ok(())
        }
        Payload::GlobalSection(reader) => globals(parts, reader),
        Payload::ExportSection(reader) => exports(parts, reader),
        Payload::StartSection { func, .. } => {
            parts.start = Some(func);
            Ok(())
        }
        Payload::ElementSection(reader) => elements(parts, reader),
        Payload::DataSection(reader) => data(parts, reader),
        Payload::CustomSection(reader) => {
            if let KnownCustom::Name(section) = reader.as_known() {
                names::read(section, &mut parts.names);
            }
            Ok(())
        }
        Payload::TagSection(reader) => {
            Err(LoadError::unsupported("tags".into(), reader.range().start))
        }
        _ => Ok(()),
    }
}

fn types(parts: &mut Parts, reader: wasmparser::TypeSectionReader<'_>) -> Result<(), LoadError> {
    let offset = reader.range().start;
    for ty in reader.into_iter_err_on_gc_types() {
        parts.types.push(func_type(&ty.map_err(LoadError::malformed)?, offset)?);
    }
    Ok(())
}

fn imports(
    parts: &mut Parts,
    reader: wasmparser::ImportSectionReader<'_>,
) -> Result<(), LoadError> {
    for item in reader.into_imports_with_offsets() {
        let (offset, import) = item.map_err(LoadError::malformed)?;
        let item = match import.ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                parts.funcs.push(ty);
                Item::Func(index(parts.funcs.len()))
            }
            TypeRef::Table(ty) => {
                parts.tables.push(table_type(&ty, offset)?);
                Item::Table(index(parts.tables.len()))
            }
            TypeRef::Memory(ty) => {
                parts.memories.push(memory_type(&ty, offset)?);
                Item::Memory(index(parts.memories.len()))
            }
            TypeRef::Global(ty) => {
                parts.globals.push(global_type(&ty, offset)?);
                Item::Global(index(parts.globals.len()))
            }
            TypeRef::Tag(_) => return Err(LoadError::unsupported("imported tags".into(), offset)),
        };
        parts.imports.push(Import {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            item,
        });
    }
    parts.imported = super::Imported {
        funcs: parts.funcs.len(),
        tables: parts.tables.len(),
        memories: parts.memories.len(),
        globals: parts.globals.len(),
    };
    Ok(())
}

/// The index of the last element pushed.
fn index(len: usize) -> u32 {
    len.saturating_sub(1) as u32
}

fn tables(parts: &mut Parts, reader: wasmparser::TableSectionReader<'_>) -> Result<(), LoadError> {
    for item in reader.into_iter_with_offsets() {
        let (offset, table) = item.map_err(LoadError::malformed)?;
        parts.tables.push(table_type(&table.ty, offset)?);
        parts.table_inits.push(match &table.init {
            TableInit::RefNull => None,
            TableInit::Expr(expr) => Some(ConstExpr::read(expr)?),
        });
    }
    Ok(())
}

fn globals(
    parts: &mut Parts,
    reader: wasmparser::GlobalSectionReader<'_>,
) -> Result<(), LoadError> {
    for item in reader.into_iter_with_offsets() {
        let (offset, global) = item.map_err(LoadError::malformed)?;
        parts.globals.push(global_type(&global.ty, offset)?);
        parts.global_inits.push(ConstExpr::read(&global.init_expr)?);
    }
    Ok(())
}

fn exports(
    parts: &mut Parts,
    reader: wasmparser::ExportSectionReader<'_>,
) -> Result<(), LoadError> {
    for item in reader.into_iter_with_offsets() {
        let (offset, export) = item.map_err(LoadError::malformed)?;
        let item = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => Item::Func(export.index),
            ExternalKind::Table => Item::Table(export.index),
            ExternalKind::Memory => Item::Memory(export.index),
            ExternalKind::Global => Item::Global(export.index),
            ExternalKind::Tag => {
                return Err(LoadError::unsupported("exported tags".into(), offset));
            }
        };
        parts.exports.push(Export { name: export.name.to_owned(), item });
    }
    Ok(())
}

fn elements(
    parts: &mut Parts,
    reader: wasmparser::ElementSectionReader<'_>,
) -> Result<(), LoadError> {
    for item in reader.into_iter_with_offsets() {
        let (offset, element) = item.map_err(LoadError::malformed)?;
        let mode = match &element.kind {
            ElementKind::Passive => SegmentMode::Passive,
            ElementKind::Declared => SegmentMode::Declared,
            ElementKind::Active { table_index, offset_expr } => {
                SegmentMode::Active(table_index.unwrap_or(0), ConstExpr::read(offset_expr)?)
            }
        };
        let items = element_items(element.items, offset)?;
        parts.elements.push(ElementSegment { mode, items });
    }
    Ok(())
}

fn element_items(items: ElementItems<'_>, offset: u64) -> Result<Items, LoadError> {
    match items {
        ElementItems::Functions(funcs) => {
            let funcs = funcs.into_iter().map(|func| func.map_err(LoadError::malformed));
            Ok(Items::Funcs(funcs.collect::<Result<_, _>>()?))
        }
        ElementItems::Expressions(ty, exprs) => {
            val_type(ty.into(), offset)?;
            let read = |expr: Result<_, _>| ConstExpr::read(&expr.map_err(LoadError::malformed)?);
            Ok(Items::Exprs(exprs.into_iter().map(read).collect::<Result<_, _>>()?))
        }
    }
}

fn data(parts: &mut Parts, reader: wasmparser::DataSectionReader<'_>) -> Result<(), LoadError> {
    for data in reader {
        let data = data.map_err(LoadError::malformed)?;
        let mode = match &data.kind {
            wasmparser::DataKind::Passive => SegmentMode::Passive,
            wasmparser::DataKind::Active { memory_index, offset_expr } => {
                SegmentMode::Active(*memory_index, ConstExpr::read(offset_expr)?)
            }
        };
        parts.data.push(DataSegmentInit { mode, bytes: Arc::from(data.data) });
    }
    Ok(())
}
