//! A module: validated, translated to register code, not yet bound to any memory.

mod const_expr;
mod decode;
mod names;
mod parse;
mod types;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use wrt_runtime::MemoryType;

use crate::error::LoadError;
use crate::features::Features;
use crate::ir::Op;
use crate::types::{ExportType, ExternType, FuncType, GlobalType, ImportType, TableType};

pub(crate) use const_expr::ConstExpr;
pub(crate) use types::{block_types, func_type, val_type};

/// A validated and translated module. Cheap to clone; not bound to a store.
#[derive(Clone, Debug)]
pub struct Module {
    pub(crate) parts: Arc<Parts>,
}

/// The parts of a module.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) types: Vec<FuncType>,
    pub(crate) imports: Vec<Import>,
    /// The type of each function, imports first; indexes into `types`.
    pub(crate) funcs: Vec<u32>,
    pub(crate) tables: Vec<TableType>,
    pub(crate) memories: Vec<MemoryType>,
    pub(crate) globals: Vec<GlobalType>,
    /// Number of imports of each kind.
    pub(crate) imported: Imported,
    /// Initial values of the tables that are not imported, where not null.
    pub(crate) table_inits: Vec<Option<ConstExpr>>,
    pub(crate) global_inits: Vec<ConstExpr>,
    pub(crate) exports: Vec<Export>,
    pub(crate) start: Option<u32>,
    pub(crate) elements: Vec<ElementSegment>,
    pub(crate) data: Vec<DataSegmentInit>,
    pub(crate) code: Code,
    pub(crate) names: Names,
    /// Whether the code checks fuel and interrupt at every basic block.
    pub(crate) metered: bool,
}

/// Number of imports of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Imported {
    pub(crate) funcs: usize,
    pub(crate) tables: usize,
    pub(crate) memories: usize,
    pub(crate) globals: usize,
}

/// The register code of all functions.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) ops: Vec<Op>,
    /// For every operation, the offset of the instruction it comes from in the module's bytes.
    pub(crate) offsets: Vec<u32>,
    /// Ranges of the functions' operations, without imports.
    pub(crate) ranges: Vec<Range<u32>>,
}

/// Names for diagnostics.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) module: Option<String>,
    pub(crate) funcs: HashMap<u32, String>,
    pub(crate) memories: HashMap<u32, String>,
}

#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) item: Item,
}

#[derive(Debug)]
pub(crate) struct Export {
    pub(crate) name: String,
    pub(crate) item: Item,
}

/// Something with an index of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Func(u32),
    Table(u32),
    Memory(u32),
    Global(u32),
}

/// Mode of a segment.
#[derive(Debug)]
pub(crate) enum SegmentMode {
    Passive,
    /// At instantiation, to the table or memory with this index.
    Active(u32, ConstExpr),
    Declared,
}

#[derive(Debug)]
pub(crate) struct ElementSegment {
    pub(crate) mode: SegmentMode,
    pub(crate) items: Items,
}

/// Contents of an element segment.
#[derive(Debug)]
pub(crate) enum Items {
    /// References to functions, by index.
    Funcs(Vec<u32>),
    Exprs(Vec<ConstExpr>),
}

#[derive(Debug)]
pub(crate) struct DataSegmentInit {
    pub(crate) mode: SegmentMode,
    pub(crate) bytes: Arc<[u8]>,
}

impl Module {
    /// Validates and translates a module in the binary format.
    ///
    /// # Errors
    ///
    /// The error in the module with its offset, or the unsupported feature.
    pub fn new(bytes: &[u8], features: &Features) -> Result<Self, LoadError> {
        let parts = parse::parse(bytes, features, false)?;
        Ok(Self { parts: Arc::new(parts) })
    }

    /// A module for stores with [fuel](crate::StoreConfig::fuel) or an
    /// [interrupt](crate::StoreConfig::interrupt): with one more operation for each basic block,
    /// which charges its fuel and checks the interrupt.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn metered(bytes: &[u8], features: &Features) -> Result<Self, LoadError> {
        let parts = parse::parse(bytes, features, true)?;
        Ok(Self { parts: Arc::new(parts) })
    }

    /// The imports of the module, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        self.parts.imports.iter().map(|import| ImportType {
            module: &import.module,
            name: &import.name,
            ty: self.parts.extern_type(import.item),
        })
    }

    /// The exports of the module, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        self.parts.exports.iter().map(|export| ExportType {
            name: &export.name,
            ty: self.parts.extern_type(export.item),
        })
    }

    /// The module's name, if it has a name section.
    pub fn name(&self) -> Option<&str> {
        self.parts.names.module.as_deref()
    }

    /// The name of a function, imports counted, if the module has a name section.
    pub fn function_name(&self, index: u32) -> Option<&str> {
        self.parts.names.funcs.get(&index).map(String::as_str)
    }
}

impl Parts {
    /// The type of an item, which the module has by validation.
    pub(crate) fn extern_type(&self, item: Item) -> ExternType {
        let found = match item {
            Item::Func(index) => self.func_type(index).cloned().map(ExternType::Func),
            Item::Table(index) => self.tables.get(index as usize).copied().map(ExternType::Table),
            Item::Memory(index) => {
                self.memories.get(index as usize).copied().map(ExternType::Memory)
            }
            Item::Global(index) => {
                self.globals.get(index as usize).copied().map(ExternType::Global)
            }
        };
        found.unwrap_or_else(|| ExternType::Func(FuncType::new([], [])))
    }

    /// The type of a function, imports counted.
    pub(crate) fn func_type(&self, index: u32) -> Option<&FuncType> {
        let ty = *self.funcs.get(index as usize)?;
        self.types.get(ty as usize)
    }
}

impl Code {
    /// The function an operation belongs to, imports left out.
    pub(crate) fn function_of(&self, pc: usize) -> Option<usize> {
        let after = self.ranges.partition_point(|range| range.start as usize <= pc);
        after.checked_sub(1)
    }
}
