//! Calls.
//!
//! Arguments are put into their own consecutive slots: the callee's frame starts there, and its
//! results return in the same slots.

use wasmparser::Operator;

use super::Translator;
use crate::error::LoadError;
use crate::ir::{Code, Control, Misc, Op};
use crate::types::FuncType;

impl Translator<'_> {
    pub(super) fn call(&mut self, operator: &Operator<'_>) -> Result<bool, LoadError> {
        match *operator {
            Operator::Call { function_index } => {
                let ty = self.callee_type(function_index)?;
                let base = self.arguments(&ty);
                self.emit(Op::new(self.call_code(function_index), base, 0, function_index));
                self.results(&ty);
            }
            Operator::CallIndirect { type_index, table_index } => {
                let (ty, index) = self.indirect(type_index)?;
                let base = self.arguments(&ty);
                self.emit(Op::control(Control::CallIndirect, base, index, type_index));
                self.emit(Op::data(u64::from(table_index)));
                self.results(&ty);
            }
            Operator::ReturnCall { function_index } => {
                self.return_call(function_index)?;
                self.dead();
            }
            Operator::ReturnCallIndirect { type_index, table_index } => {
                self.return_call_indirect(type_index, table_index)?;
                self.dead();
            }
            Operator::RefFunc { function_index } => {
                self.misc(Misc::RefFunc, 0, 0, function_index, 1)
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn return_call(&mut self, function: u32) -> Result<(), LoadError> {
        let ty = self.callee_type(function)?;
        let base = self.arguments(&ty);
        if self.is_imported(function) {
            self.emit(Op::control(Control::CallFar, base, 0, function));
            self.results(&ty);
            self.emit_return();
        } else {
            let slots = ty.param_slots() as u16;
            self.emit(Op::control(Control::TailCall, base, slots, function));
        }
        Ok(())
    }

    fn return_call_indirect(&mut self, ty: u32, table: u32) -> Result<(), LoadError> {
        let (func, index) = self.indirect(ty)?;
        let base = self.arguments(&func);
        let slots = func.param_slots() as u64;
        self.emit(Op::control(Control::TailCallIndirect, base, index, ty));
        self.emit(Op::data(u64::from(table) | slots << 32));
        // Reached after functions of the host or of another instance only.
        self.results(&func);
        self.emit_return();
        Ok(())
    }

    fn is_imported(&self, function: u32) -> bool {
        (function as usize) < self.parts.imported.funcs
    }

    fn call_code(&self, function: u32) -> Code {
        let far = self.is_imported(function);
        Code::Control(if far { Control::CallFar } else { Control::Call })
    }

    fn callee_type(&self, function: u32) -> Result<FuncType, LoadError> {
        let ty = self.parts.func_type(function).cloned();
        ty.ok_or_else(|| self.unsupported(format!("a call of function {function}")))
    }

    /// The type of an indirect call and the slot of its index, which is popped.
    fn indirect(&mut self, ty: u32) -> Result<(FuncType, u16), LoadError> {
        let found = self.parts.types.get(ty as usize).cloned();
        let found = found.ok_or_else(|| self.unsupported(format!("a call of type {ty}")))?;
        let index = self.pop();
        Ok((found, self.slot_of(index)))
    }

    /// Puts the arguments in their places, pops them, and returns the first one's slot.
    fn arguments(&mut self, ty: &FuncType) -> u16 {
        let height = self.stack.len().saturating_sub(ty.params().len());
        self.settle(height);
        self.truncate(height);
        // Results may take more slots than arguments.
        self.too_large |= self.top + ty.result_slots() >= crate::exec::WINDOW;
        self.top as u16
    }

    fn results(&mut self, ty: &FuncType) {
        for result in ty.results() {
            self.push_own(*result);
        }
    }
}
