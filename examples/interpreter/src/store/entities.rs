//! What a store consists of.

use std::collections::HashMap;

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

/// The `instance` of functions that are the host's.
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
    /// As declared; for importing the current size counts.
    pub(crate) ty: TableType,
    pub(crate) elements: Vec<u64>,
}

impl Table {
    /// The most elements a table may have here.
    const LIMIT: u64 = 10_000_000;

    pub(crate) fn new(ty: TableType, init: u64) -> Result<Self, LimitError> {
        let mut table = Self { ty, elements: Vec::new() };
        let refused = LimitError::TableTooLarge { elements: ty.minimum, limit: Self::LIMIT };
        table.grow(ty.minimum, init).ok_or(refused)?;
        Ok(table)
    }

    /// Adds elements and returns the previous size, if there is room.
    pub(crate) fn grow(&mut self, delta: u64, init: u64) -> Option<u64> {
        let size = self.elements.len() as u64;
        let new = size.checked_add(delta)?;
        if new > self.ty.maximum.unwrap_or(u64::MAX).min(Self::LIMIT) {
            return None;
        }
        self.elements.try_reserve(delta as usize).ok()?;
        self.elements.resize(new as usize, init);
        Some(size)
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
