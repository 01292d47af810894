//! The register code that modules are translated to.
//!
//! A function works on a window of 8-byte slots: its parameters and locals first, then the slots
//! of the operand stack, each operand at the place its height gives it. Operations name their
//! operands by slot, branches name the index of the operation they go to, and nothing is left to
//! decode while a program runs.

/// Lists the operations of a table, for tests that go through all of them.
macro_rules! all {
    ($op:ident: $($name:ident)*) => {
        #[cfg(test)]
        impl $op {
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}
pub(crate) use all;

mod code;
mod numeric;
mod table;

pub(crate) use code::{Addressing, Code, Control, Form, FuseForm, Misc};
pub(crate) use numeric::{Bin, Cmp, FromSlot, IntoSlot, TryBin, TryUn, Un};
pub(crate) use table::{
    BinOp, CmpOp, FloatOp, FuseOp, TryBinOp, TryUnOp, UnOp, bin, cmp, try_bin, try_un, un,
};
pub(crate) use table::{
    for_each_bin, for_each_cmp, for_each_fuse, for_each_try_bin, for_each_try_un, for_each_un,
};

/// One operation. [`Code`] defines the meaning of its fields; `imm` may hold two more slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Op {
    pub(crate) code: Code,
    /// The slot written, as a rule.
    pub(crate) a: u16,
    pub(crate) b: u16,
    pub(crate) imm: u32,
}

impl Op {
    pub(crate) const fn new(code: Code, a: u16, b: u16, imm: u32) -> Self {
        Self { code, a, b, imm }
    }

    /// Control flow, a call or a move.
    pub(crate) const fn control(control: Control, a: u16, b: u16, imm: u32) -> Self {
        Self::new(Code::Control(control), a, b, imm)
    }

    /// An operation with two more slots in place of the immediate.
    pub(crate) const fn wide(code: Code, a: u16, b: u16, c: u16, d: u16) -> Self {
        Self::new(code, a, b, c as u32 | (d as u32) << 16)
    }

    /// 64 bits that belong to the operation before.
    pub(crate) const fn data(bits: u64) -> Self {
        Self::new(Code::Data, bits as u16, (bits >> 16) as u16, (bits >> 32) as u32)
    }

    /// The third slot.
    pub(crate) const fn c(&self) -> u16 {
        self.imm as u16
    }

    /// The fourth slot.
    pub(crate) const fn d(&self) -> u16 {
        (self.imm >> 16) as u16
    }

    /// The bits packed by [`data`](Self::data).
    pub(crate) const fn bits(&self) -> u64 {
        self.a as u64 | (self.b as u64) << 16 | (self.imm as u64) << 32
    }
}
