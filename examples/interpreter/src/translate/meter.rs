//! What instructions cost.
//!
//! A basic block is paid by one operation at its start. Its price is known at its end: the operation
//! is changed as instructions are added. Every way around a loop and every call passes one, which is
//! why this is also where programs are interrupted.

use wasmparser::Operator;

use super::Translator;
use crate::ir::{Control, Op};

/// Bulk instructions cost a unit for so many bytes, as a power of two, besides their own.
const BYTES: u32 = 6;
/// The same for elements of tables, each of which takes 8 bytes.
const ELEMENTS: u32 = 3;

impl Translator<'_> {
    /// Adds an instruction's price to that of its basic block.
    pub(super) fn meter(&mut self, operator: &Operator<'_>) {
        if matches!(
            operator,
            Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::Else
                | Operator::End
                | Operator::Nop
        ) {
            return;
        }
        let index = self.charge.unwrap_or_else(|| {
            self.emit(Op::control(Control::Charge, 0, 0, 0));
            self.code.ops.len() - 1
        });
        self.charge = Some(index);
        if let Some(op) = self.code.ops.get_mut(index) {
            op.imm += 1;
        }
    }

    /// Begins a basic block. It is paid with its first instruction that costs something.
    pub(super) fn begin_basic_block(&mut self) {
        self.charge = None;
    }

    /// Charges for the bytes that a bulk instruction is to write: as many as the slot says.
    pub(super) fn meter_bytes(&mut self, count: u16) {
        self.meter_count(count, BYTES);
    }

    /// Charges for the elements of a table that a bulk instruction is to write.
    pub(super) fn meter_elements(&mut self, count: u16) {
        self.meter_count(count, ELEMENTS);
    }

    fn meter_count(&mut self, count: u16, unit: u32) {
        if self.parts.metered {
            self.emit(Op::control(Control::ChargeCount, count, 0, unit));
        }
    }
}
