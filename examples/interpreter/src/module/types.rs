//! Conversion of `wasmparser`'s types.

use wasmparser::BlockType;
use wrt_runtime::{IndexType, MemoryType, PageSize};

use super::Parts;
use crate::error::LoadError;
use crate::types::{FuncType, GlobalType, TableType, ValType};

pub(crate) fn val_type(ty: wasmparser::ValType, offset: u64) -> Result<ValType, LoadError> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::FUNCREF => ValType::FuncRef,
        wasmparser::ValType::EXTERNREF => ValType::ExternRef,
        other @ wasmparser::ValType::Ref(_) => {
            return Err(LoadError::unsupported(format!("type {other}"), offset));
        }
    })
}

pub(crate) fn func_type(ty: &wasmparser::FuncType, offset: u64) -> Result<FuncType, LoadError> {
    let convert = |types: &[wasmparser::ValType]| {
        types.iter().map(|ty| val_type(*ty, offset)).collect::<Result<Vec<_>, _>>()
    };
    Ok(FuncType::new(convert(ty.params())?, convert(ty.results())?))
}

pub(super) fn global_type(
    ty: &wasmparser::GlobalType,
    offset: u64,
) -> Result<GlobalType, LoadError> {
    Ok(GlobalType { content: val_type(ty.content_type, offset)?, mutable: ty.mutable })
}

pub(super) fn table_type(ty: &wasmparser::TableType, offset: u64) -> Result<TableType, LoadError> {
    Ok(TableType {
        element: val_type(ty.element_type.into(), offset)?,
        index: index_type(ty.table64),
        minimum: ty.initial,
        maximum: ty.maximum,
    })
}

pub(super) fn memory_type(
    ty: &wasmparser::MemoryType,
    offset: u64,
) -> Result<MemoryType, LoadError> {
    let log2 = ty.page_size_log2.unwrap_or(16);
    let page = PageSize::from_log2(log2)
        .ok_or_else(|| LoadError::unsupported(format!("memory pages of 2^{log2} bytes"), offset))?;
    MemoryType::new(index_type(ty.memory64), page, ty.initial, ty.maximum)
        .map_err(|error| LoadError::Invalid { message: error.to_string(), offset: offset as usize })
}

fn index_type(is_64: bool) -> IndexType {
    if is_64 { IndexType::I64 } else { IndexType::I32 }
}

/// The parameters and results of a block.
pub(crate) fn block_types(
    parts: &Parts,
    ty: BlockType,
    offset: u64,
) -> Result<FuncType, LoadError> {
    Ok(match ty {
        BlockType::Empty => FuncType::new([], []),
        BlockType::Type(ty) => FuncType::new([], [val_type(ty, offset)?]),
        BlockType::FuncType(index) => {
            parts.types.get(index as usize).cloned().ok_or_else(|| {
                LoadError::unsupported("a block of an unknown type".into(), offset)
            })?
        }
    })
}
