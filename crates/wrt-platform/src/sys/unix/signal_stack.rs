//! The alternate signal stack of the calling thread (`sigaltstack(2)`).
#![allow(unsafe_code, reason = "maps and sets signal stacks")]

use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};

use super::signals::last_error;
use crate::error::OsError;
use crate::sys::errors;
use crate::units::HostBytes;

pub(crate) use super::system::signal_frame::smallest_stack;

/// A stack, in the host's description.
#[derive(Clone, Copy)]
pub(crate) struct SignalStack(libc::stack_t);

impl SignalStack {
    /// Whether the thread has one.
    pub(crate) const fn is_enabled(&self) -> bool {
        self.0.ss_flags & libc::SS_DISABLE == 0
    }

    /// Whether the thread runs on it.
    pub(crate) const fn is_in_use(&self) -> bool {
        self.0.ss_flags & libc::SS_ONSTACK != 0
    }

    /// Its lowest address.
    pub(crate) fn start(&self) -> usize {
        self.0.ss_sp.addr()
    }

    /// Its size in bytes.
    pub(crate) const fn size(&self) -> usize {
        self.0.ss_size
    }

    /// A stack at other addresses.
    pub(crate) const fn moved_to(self, start: NonNull<u8>, size: HostBytes) -> Self {
        let mut stack = self.0;
        stack.ss_sp = start.as_ptr().cast();
        stack.ss_flags = 0;
        stack.ss_size = size.get();
        Self(stack)
    }

    /// The stack of the thread. Safe in a signal handler: it makes one system call.
    ///
    /// # Errors
    ///
    /// Those of the host.
    pub(crate) fn now() -> Result<Self, OsError> {
        // SAFETY: asking changes nothing, so the contract of `exchange` asks for nothing.
        unsafe { exchange(None) }
    }

    /// Makes this the stack of the thread.
    ///
    /// # Errors
    ///
    /// Those of the host, as while a handler runs on the current stack.
    ///
    /// # Safety
    ///
    /// The stack belongs to the caller, or is the thread's previous one.
    pub(crate) unsafe fn set(&self) -> Result<(), OsError> {
        // SAFETY: the caller keeps this very contract.
        unsafe { exchange(Some(self)) }.map(drop)
    }
}

/// Sets this thread's alternate stack, if one is given; returns the previous one.
///
/// # Safety
///
/// The stack belongs to the caller, or is the thread's previous one.
unsafe fn exchange(stack: Option<&SignalStack>) -> Result<SignalStack, OsError> {
    let stack = stack.map_or(ptr::null(), |stack| ptr::from_ref(&stack.0));
    let mut old = MaybeUninit::uninit();
    // SAFETY: the contract of sigaltstack(2): the pointers are valid or null, and the stack is good
    // by the caller's contract.
    if unsafe { libc::sigaltstack(stack, old.as_mut_ptr()) } != 0 {
        return Err(last_error());
    }
    // SAFETY: by its contract the call has written it.
    Ok(SignalStack(unsafe { old.assume_init() }))
}

/// Maps `size` bytes for a stack behind `guard` inaccessible ones; returns the lowest address of
/// the stack.
///
/// # Errors
///
/// Those of the host, also when it cannot address the size.
pub(crate) fn map(guard: HostBytes, size: HostBytes) -> Result<NonNull<u8>, OsError> {
    let total = guard.checked_add(size).ok_or(errors::NO_MEMORY)?.get();
    let rights = ProtFlags::READ | ProtFlags::WRITE;
    let flags = MapFlags::PRIVATE;
    // SAFETY: a new mapping at an address of the host's choosing changes no valid region.
    let first = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), total, rights, flags) };
    let first = first.map_err(errors::of)?;
    // SAFETY: the guard is a part of the mapping, a valid region.
    let start = unsafe { first.cast::<u8>().add(guard.get()) };
    let start = NonNull::new(start).ok_or(errors::NO_MEMORY)?;
    // SAFETY: the contract of mprotect(2): these bytes are the guard, which nobody uses.
    let closed = unsafe { rustix::mm::mprotect(first, guard.get(), MprotectFlags::empty()) };
    if let Err(errno) = closed {
        // SAFETY: the contract of `unmap`: nobody has it yet.
        unsafe { unmap(start, guard, size) };
        return Err(errors::of(errno));
    }
    Ok(start)
}

/// Unmaps a stack and its guard.
///
/// # Safety
///
/// [`map`] returned `start` for these sizes, and the stack is no longer used.
pub(crate) unsafe fn unmap(start: NonNull<u8>, guard: HostBytes, size: HostBytes) {
    // SAFETY: by the caller's contract the mapping starts with the guard.
    let first = unsafe { start.sub(guard.get()) };
    // SAFETY: the caller keeps this very contract.
    let _ = unsafe { rustix::mm::munmap(first.as_ptr().cast(), guard.get() + size.get()) };
}
