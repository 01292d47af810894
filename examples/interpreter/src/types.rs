//! Types of imports and exports.

use core::fmt;
use std::sync::Arc;

use wrt_runtime::{IndexType, MemoryType, PageSize};

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// A vector of 128 bits.
    V128,
    /// A reference to a function, or null.
    FuncRef,
    /// A reference to an object of the host, or null.
    ExternRef,
}

impl ValType {
    /// Number of 8-byte slots of a value of this type.
    pub(crate) fn slots(self) -> usize {
        if self == Self::V128 { 2 } else { 1 }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::V128 => "v128",
            Self::FuncRef => "funcref",
            Self::ExternRef => "externref",
        })
    }
}

/// Number of 8-byte slots of values of these types together.
pub(crate) fn slots_of(types: &[ValType]) -> usize {
    types.iter().map(|ty| ty.slots()).sum()
}

/// The type of a function. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncType {
    params: Arc<[ValType]>,
    results: Arc<[ValType]>,
}

impl FuncType {
    /// A function from `params` to `results`.
    pub fn new(params: impl Into<Vec<ValType>>, results: impl Into<Vec<ValType>>) -> Self {
        Self { params: params.into().into(), results: results.into().into() }
    }

    /// The types of the parameters.
    pub fn params(&self) -> &[ValType] {
        &self.params
    }

    /// The types of the results.
    pub fn results(&self) -> &[ValType] {
        &self.results
    }

    pub(crate) fn param_slots(&self) -> usize {
        slots_of(&self.params)
    }

    pub(crate) fn result_slots(&self) -> usize {
        slots_of(&self.results)
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "func ")?;
        write_types(f, &self.params)?;
        write!(f, " -> ")?;
        write_types(f, &self.results)
    }
}

fn write_types(f: &mut fmt::Formatter<'_>, types: &[ValType]) -> fmt::Result {
    write!(f, "(")?;
    for (i, ty) in types.iter().enumerate() {
        let gap = if i == 0 { "" } else { " " };
        write!(f, "{gap}{ty}")?;
    }
    write!(f, ")")
}

/// The type of a table: its elements and their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableType {
    /// [`ValType::FuncRef`] or [`ValType::ExternRef`].
    pub element: ValType,
    /// The type of an index into the table.
    pub index: IndexType,
    /// The initial number of elements.
    pub minimum: u64,
    /// The most elements.
    pub maximum: Option<u64>,
}

impl fmt::Display for TableType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}", index_prefix(self.index))?;
        write_limits(f, self.minimum, self.maximum)?;
        write!(f, " {}", self.element)
    }
}

/// The type of a global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalType {
    /// The type of its value.
    pub content: ValType,
    /// Whether it may be set.
    pub mutable: bool,
}

impl fmt::Display for GlobalType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mutable {
            write!(f, "global (mut {})", self.content)
        } else {
            write!(f, "global {}", self.content)
        }
    }
}

/// The type of an import or export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A memory.
    Memory(MemoryType),
    /// A table.
    Table(TableType),
    /// A global.
    Global(GlobalType),
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Func(ty) => ty.fmt(f),
            Self::Memory(ty) => write_memory(f, ty),
            Self::Table(ty) => ty.fmt(f),
            Self::Global(ty) => ty.fmt(f),
        }
    }
}

fn write_memory(f: &mut fmt::Formatter<'_>, ty: &MemoryType) -> fmt::Result {
    write!(f, "memory {}", index_prefix(ty.index_type()))?;
    write_limits(f, ty.minimum(), ty.maximum())?;
    match ty.page_size() {
        PageSize::One => write!(f, " pages of 1 byte"),
        _ => Ok(()),
    }
}

fn index_prefix(index: IndexType) -> &'static str {
    match index {
        IndexType::I64 => "i64 ",
        _ => "",
    }
}

fn write_limits(f: &mut fmt::Formatter<'_>, minimum: u64, maximum: Option<u64>) -> fmt::Result {
    match maximum {
        Some(maximum) => write!(f, "{minimum} {maximum}"),
        None => write!(f, "{minimum}"),
    }
}

/// One import of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportType<'m> {
    /// The module it comes from.
    pub module: &'m str,
    /// Its name there.
    pub name: &'m str,
    /// The required type.
    pub ty: ExternType,
}

/// One export of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportType<'m> {
    /// Its name.
    pub name: &'m str,
    /// The type.
    pub ty: ExternType,
}
