//! Entities of a store.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};

use crate::error::LimitError;
use crate::types::{FuncType, GlobalType, TableType};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub(crate) u32);
    };
}
id!(
    /// A function of a store.
    FuncId
);
id!(
    /// A memory of a store.
    MemoryId
);
id!(
    /// A table of a store.
    TableId
);
id!(
    /// A global of a store.
    GlobalId
);
id!(
    /// An instance of a module in a store.
    InstanceId
);

/// Something that can be exported and imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extern {
    /// A function.
    Func(FuncId),
    /// A memory.
    Memory(MemoryId),
    /// A table.
    Table(TableId),
    /// A global.
    Global(GlobalId),
}

/// The `instance` of host functions.
pub(crate) const HOST: u32 = u32::MAX;

/// A function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FuncInst {
    /// Its type, by number in the store's [`Types`].
    pub(crate) ty: u32,
    /// The instance it belongs to, or [`HOST`].
    pub(crate) instance: u32,
    /// Its first operation in the instance's code; for a host function its number.
    pub(crate) entry: u32,
}

/// A global.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GlobalInst {
    pub(crate) ty: GlobalType,
    /// Its first slot among those of all globals.
    pub(crate) slot: u32,
}

/// A table. References are kept as in slots: 0 is null.
#[derive(Debug)]
pub(crate) struct Table {
    /// The declared type; imports are matched against the current size.
    pub(crate) ty: TableType,
    pub(crate) elements: Vec<u64>,
}

/// The tables of a store, with a common limit.
#[derive(Debug)]
pub(crate) struct Tables {
    tables: Vec<Table>,
    /// Elements of all tables.
    used: u64,
    limit: u64,
}

impl Tables {
    /// No tables, and room for `limit` elements.
    pub(crate) fn new(limit: u64) -> Self {
        Self { tables: Vec::new(), used: 0, limit }
    }

    /// Adds a table of its minimal size and returns its number.
    pub(crate) fn push(&mut self, ty: TableType, init: u64) -> Result<u32, LimitError> {
        let number = self.tables.len();
        let (elements, used, limit) = (ty.minimum, self.used, self.limit);
        self.tables.push(Table { ty, elements: Vec::new() });
        if self.grow(number, elements, init).is_none() {
            self.tables.pop();
            return Err(LimitError::TableTooLarge { elements, used, limit });
        }
        Ok(number as u32)
    }

    /// Adds elements to a table and returns its previous size, if there is room.
    pub(crate) fn grow(&mut self, number: usize, delta: u64, init: u64) -> Option<u64> {
        let Self { tables, used, limit } = self;
        let table = tables.get_mut(number)?;
        let size = table.elements.len() as u64;
        let (new, all) = (size.checked_add(delta)?, used.checked_add(delta)?);
        if new > table.ty.maximum.unwrap_or(u64::MAX) || all > *limit {
            return None;
        }
        let new = usize::try_from(new).ok()?;
        table.elements.try_reserve(new - size as usize).ok()?;
        table.elements.resize(new, init);
        *used = all;
        Some(size)
    }
}

impl Deref for Tables {
    type Target = [Table];

    fn deref(&self) -> &[Table] {
        &self.tables
    }
}

impl DerefMut for Tables {
    fn deref_mut(&mut self) -> &mut [Table] {
        &mut self.tables
    }
}

/// Function types by number: two types are the same if their numbers are.
#[derive(Debug, Default)]
pub(crate) struct Types {
    types: Vec<FuncType>,
    numbers: HashMap<FuncType, u32>,
}

impl Types {
    pub(crate) fn intern(&mut self, ty: &FuncType) -> u32 {
        if let Some(number) = self.numbers.get(ty) {
            return *number;
        }
        let number = self.types.len() as u32;
        self.types.push(ty.clone());
        self.numbers.insert(ty.clone(), number);
        number
    }

    pub(crate) fn get(&self, number: u32) -> Option<&FuncType> {
        self.types.get(number as usize)
    }
}
