//! The outer loop: enters the inner loop for one instance after another, calls host functions, and
//! executes operations that are too rare for the inner loop. WebAssembly calls never use the host's
//! stack, not even between instances; only host functions that call back do.

use core::cell::Cell;
use std::rc::Rc;

use wrt_platform::PageAllocator;
use wrt_runtime::Observer;

use super::machine::{BOUNDARY, Context, Exit, WINDOW, run};
use crate::error::{Error, HostError};
use crate::stop::{StopCause, StopReport};
use crate::store::{Caller, FuncId, HOST, InstanceId, Store};
use crate::trap::TrapKind;
use crate::types::{ExternType, FuncType};
use crate::value::Value;

/// The most nested calls from the host. Each uses the host's stack.
const MAX_NESTING: usize = 100;

/// Position at which a function continues.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) instance: u32,
    pub(super) pc: usize,
    /// Start of its window.
    pub(super) base: usize,
}

/// State after leaving the inner loop.
struct Left {
    exit: Exit,
    at: Position,
    trap: Option<TrapKind>,
    callee: (u32, u16),
}

impl<P: PageAllocator + Clone, O: Observer> Store<P, O> {
    /// Calls a function.
    ///
    /// # Errors
    ///
    /// If the arguments do not fit it, or if it does not return.
    pub fn call(&mut self, func: FuncId, args: &[Value]) -> Result<Vec<Value>, Error> {
        let ty = self.func_type(func).ok_or(Error::Foreign)?;
        let found: Vec<_> = args.iter().map(Value::ty).collect();
        if found != ty.params() {
            return Err(Error::Arguments { wanted: ExternType::Func(ty), found });
        }
        let base = self.free;
        let slots = ty.param_slots().max(ty.result_slots());
        if self.nesting >= MAX_NESTING || base + slots + WINDOW > self.stack.len() {
            return Err(Error::trap(TrapKind::CallStackExhausted));
        }
        self.write_values(base, args);
        let depth = self.depth;
        self.nesting += 1;
        let outcome = self.drive(func.0, base);
        self.nesting -= 1;
        self.depth = depth;
        self.free = base;
        outcome?;
        Ok(self.read_values(base, ty.results()))
    }

    /// Calls the function that has this index in an instance's module, without arguments.
    pub(crate) fn call_index(&mut self, instance: InstanceId, index: u32) -> Result<(), Error> {
        let instance = self.instances.get(instance.0 as usize);
        let func = instance.and_then(|instance| instance.funcs.get(index as usize));
        let func = *func.ok_or(Error::Foreign)?;
        self.call(FuncId(func), &[]).map(drop)
    }

    fn write_values(&mut self, base: usize, values: &[Value]) {
        let mut slot = base;
        for value in values {
            let count = value.ty().slots();
            if let Some(target) = self.stack.get_mut(slot..slot + count) {
                target.copy_from_slice(&value.to_slots()[..count]);
            }
            slot += count;
        }
    }

    fn read_values(&self, base: usize, types: &[crate::types::ValType]) -> Vec<Value> {
        let mut slot = base;
        let get = |slot: usize| self.stack.get(slot).copied().unwrap_or(0);
        types
            .iter()
            .map(|ty| {
                let value = Value::from_slots(*ty, [get(slot), get(slot + 1)]);
                slot += ty.slots();
                value
            })
            .collect()
    }

    /// Calls the function at `address`, whose arguments lie from `base` on, until it returns.
    fn drive(&mut self, address: u32, base: usize) -> Result<(), Error> {
        let mut suspended: Vec<Position> = Vec::new();
        let Some(mut at) = self.begin(address, base, None)? else {
            return Ok(());
        };
        loop {
            let left = self.enter(at);
            let Position { instance, base, .. } = left.at;
            match left.exit {
                Exit::Outside => {
                    let next = self.outside(left.at).map_err(|kind| self.report(left.at, kind))?;
                    at = Position { instance, pc: next, base };
                }
                Exit::Call => {
                    let (address, slot) = left.callee;
                    at = left.at;
                    if let Some(callee) = self.begin(address, base + usize::from(slot), Some(at))? {
                        suspended.push(at);
                        at = callee;
                    }
                }
                Exit::OutOfFuel => return Err(self.stopped(left.at, StopCause::OutOfFuel)),
                Exit::Interrupted => return Err(self.stopped(left.at, StopCause::Interrupted)),
                Exit::Trap => {
                    let kind = left.trap.unwrap_or(TrapKind::Unreachable);
                    return Err(self.report(left.at, kind));
                }
                _ => match suspended.pop() {
                    Some(caller) => at = caller,
                    None => return Ok(()),
                },
            }
        }
    }

    /// Begins a call of the function at `address`: calls a host function, or returns the position
    /// at which an instance's function starts.
    fn begin(
        &mut self,
        address: u32,
        base: usize,
        caller: Option<Position>,
    ) -> Result<Option<Position>, Error> {
        let func = *self.funcs.get(address as usize).ok_or(Error::Foreign)?;
        // The call is the operation before the one the caller goes on with.
        let at = caller.map(|at| Position { pc: at.pc.saturating_sub(1), ..at });
        if func.instance == HOST {
            self.call_host(func.entry, base, at)?;
            return Ok(None);
        }
        let Some(frame) = self.frames.get_mut(self.depth) else {
            return Err(self.trap_at(at, TrapKind::CallStackExhausted));
        };
        *frame = BOUNDARY;
        self.depth += 1;
        Ok(Some(Position { instance: func.instance, pc: func.entry as usize, base }))
    }

    fn call_host(&mut self, number: u32, base: usize, at: Option<Position>) -> Result<(), Error> {
        let host = self.hosts.get(number as usize).ok_or(Error::Foreign)?;
        let (ty, call) = (host.ty.clone(), Rc::clone(&host.call));
        let end = base + ty.param_slots().max(ty.result_slots());
        if end + WINDOW > self.stack.len() {
            return Err(self.trap_at(at, TrapKind::CallStackExhausted));
        }
        let args = self.read_values(base, ty.params());
        let mut results: Vec<Value> = ty.results().iter().map(|ty| Value::default(*ty)).collect();
        let free = core::mem::replace(&mut self.free, end);
        let instance = at.map(|at| InstanceId(at.instance));
        let outcome = call(&mut Caller { store: self, instance }, &args, &mut results);
        self.free = free;
        match outcome {
            Ok(()) => self.take_results(base, &ty, &results),
            Err(HostError::Trap(kind)) => Err(self.trap_at(at, kind)),
            Err(HostError::Interrupted) => Err(self.stopped_at(at, StopCause::Interrupted)),
            Err(HostError::Exit(code)) => Err(Error::Exit(code)),
            Err(HostError::BrokenPipe) => Err(Error::BrokenPipe),
            Err(HostError::Message(message)) => Err(Error::Host(message)),
        }
    }

    fn take_results(&mut self, base: usize, ty: &FuncType, results: &[Value]) -> Result<(), Error> {
        if results.iter().map(Value::ty).ne(ty.results().iter().copied()) {
            return Err(Error::Host(format!(
                "a host function returned other values than its type says: {ty}"
            )));
        }
        self.write_values(base, results);
        Ok(())
    }

    fn trap_at(&self, at: Option<Position>, kind: TrapKind) -> Error {
        at.map_or_else(|| Error::trap(kind), |at| self.report(at, kind))
    }

    fn stopped_at(&self, at: Option<Position>, cause: StopCause) -> Error {
        at.map_or_else(
            || Error::Stopped(Box::new(StopReport { cause, function: None, offset: None })),
            |at| self.stopped(at, cause),
        )
    }

    /// Runs the inner loop for one instance until it is left.
    fn enter(&mut self, at: Position) -> Left {
        let missing = Left { exit: Exit::Trap, at, trap: None, callee: (0, 0) };
        let Some(instance) = self.instances.get(at.instance as usize) else {
            return missing;
        };
        let memory0 =
            instance.memories.first().map_or(self.memories.len(), |address| *address as usize);
        let Some((before, rest)) = self.memories.split_at_mut_checked(memory0) else {
            return missing;
        };
        let (memory, after) = match rest.split_first_mut() {
            Some((memory, after)) => (Some(memory), after),
            None => (None, [].as_mut_slice()),
        };
        let mut context = Context {
            code: &instance.code,
            stack: Cell::from_mut(self.stack.as_mut_slice()).as_slice_of_cells(),
            frames: Cell::from_mut(self.frames.as_mut_slice()).as_slice_of_cells(),
            globals: Cell::from_mut(self.global_slots.as_mut_slice()).as_slice_of_cells(),
            tables: &self.tables,
            funcs: &self.funcs,
            memories: (before, after),
            instance: at.instance,
            depth: self.depth,
            base: at.base,
            pc: at.pc,
            trap: None,
            callee: (0, 0),
            fuel: self.fuel,
            interrupted: self.interrupt.flag(),
        };
        let exit = run(&mut context, memory, at.pc);
        (self.depth, self.fuel) = (context.depth, context.fuel);
        let at = Position { instance: at.instance, pc: context.pc, base: context.base };
        Left { exit, at, trap: context.trap, callee: context.callee }
    }
}
