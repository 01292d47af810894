//! Prices of instructions.
//!
//! One operation at its start charges for a basic block. The price is known at the end, so the
//! operation is updated as instructions are added. Every loop and every call passes such an
//! operation, so programs are also interrupted there.

use wasmparser::Operator;

use super::Translator;
use crate::ir::{Control, Op};

/// Bytes for which a bulk instruction costs one more unit, as a power of two.
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

    /// Begins a basic block. The charge is emitted with its first instruction that has a price.
    pub(super) fn begin_basic_block(&mut self) {
        self.charge = None;
    }

    /// Charges for the bytes that a bulk instruction will write; the slot holds their number.
    pub(super) fn meter_bytes(&mut self, count: u16) {
        self.meter_count(count, BYTES);
    }

    /// Charges for the table elements that a bulk instruction will write.
    pub(super) fn meter_elements(&mut self, count: u16) {
        self.meter_count(count, ELEMENTS);
    }

    fn meter_count(&mut self, count: u16, unit: u32) {
        if self.parts.metered {
            self.emit(Op::control(Control::ChargeCount, count, 0, unit));
        }
    }
}
