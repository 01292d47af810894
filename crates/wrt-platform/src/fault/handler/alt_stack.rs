//! The stack that signal handlers run on.
#![allow(unsafe_code)]

use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use rustix::io::Errno;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};

use super::HandlerError;
use super::host;
use super::previous::last_error;
use crate::error::OsError;
use crate::planted::planted;
use crate::units::{HostBytes, HostPage};

/// An alternate signal stack (sigaltstack(2)) for the thread that made it, with an inaccessible
/// page below it, until it is dropped.
///
/// A handler on the stack of the code it interrupts has only what that code left, and none when it
/// overflowed. The host gives no thread such a stack; Rust gives its own threads a small one, for
/// its report of stack overflows. A thread that has a larger one keeps that.
///
/// ```
/// use wrt_platform::AltStack;
///
/// let stack = AltStack::new()?;
/// assert!(stack.size() >= AltStack::ROOM);
/// # Ok::<(), wrt_platform::HandlerError>(())
/// ```
#[derive(Debug)]
pub struct AltStack {
    /// The stack that was made, if none was kept.
    own: Option<Mapping>,
    size: usize,
    /// A thread's stack is of no use to another.
    _of_this_thread: PhantomData<*mut ()>,
}

/// - **S1** `start..start + size` is a valid region of its own, with `guard` inaccessible bytes
///   before it, which this value alone maps and unmaps. The host may write to it while a handler
///   runs on this thread.
#[derive(Debug)]
struct Mapping {
    start: NonNull<u8>,
    guard: HostBytes,
    size: HostBytes,
    /// What the thread had before.
    previous: libc::stack_t,
}

impl AltStack {
    /// Bytes for the handler, the callbacks, and whatever handled signals before: what a stack has
    /// beyond what the host puts on it.
    pub const ROOM: usize = 64 << 10;

    /// Bytes of [`ROOM`](Self::ROOM) that remain to callbacks and previous handlers: the handler
    /// itself, and printing a report, need less than the rest.
    pub const RESERVE: usize = 48 << 10;

    /// A stack with the usual room.
    ///
    /// # Errors
    ///
    /// When the host refuses, which it does while a handler runs on the stack that is there.
    pub fn new() -> Result<Self, HandlerError> {
        Self::with_room(Self::ROOM)
    }

    /// A stack with `bytes` bytes beyond what the host puts on it, which it says at run time
    /// (`AT_MINSIGSTKSZ`).
    ///
    /// # Errors
    ///
    /// When the host refuses, which it does while a handler runs on the stack that is there, or
    /// could not address so many bytes.
    pub fn with_room(bytes: usize) -> Result<Self, HandlerError> {
        let host = if planted("F17") { 0 } else { Self::host_frame() };
        let wanted = host.saturating_add(bytes);
        let previous = exchange(None)?;
        let enabled = previous.ss_flags & libc::SS_DISABLE == 0;
        if enabled && previous.ss_size >= wanted {
            let size = previous.ss_size;
            return Ok(Self { own: None, size, _of_this_thread: PhantomData });
        }
        let mapping = Mapping::new(wanted, previous)?;
        exchange(Some(&mapping.stack()))?;
        let size = mapping.size.get();
        Ok(Self { own: Some(mapping), size, _of_this_thread: PhantomData })
    }

    /// Bytes that the host puts on a signal stack before it calls a handler, at most.
    #[must_use]
    pub fn host_frame() -> usize {
        host::smallest_stack()
    }

    /// The stack's size in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// How many bytes of the stack are used while `faulting` runs: the high-water mark of all
    /// handlers that ran on it. For tests of one's own callback.
    ///
    /// `None`, and nothing is run, when the thread keeps the stack it had, whose bytes are another's,
    /// or runs on it now.
    pub fn measure(&mut self, faulting: impl FnOnce()) -> Option<usize> {
        let mapping = self.own.as_mut()?;
        let now = exchange(None).ok()?;
        if now.ss_sp != mapping.start.as_ptr().cast() || now.ss_flags & libc::SS_ONSTACK != 0 {
            return None;
        }
        mapping.paint();
        faulting();
        Some(mapping.high_water())
    }
}

/// What an unused byte of a measured stack holds.
const PAINT: u8 = 0xA7;

impl Mapping {
    fn new(wanted: usize, previous: libc::stack_t) -> Result<Self, HandlerError> {
        let page = HostPage::new(rustix::param::page_size()).unwrap_or(HostPage::SMALLEST);
        let guard = page.round_up(1).ok_or(HandlerError::AddressSpace)?;
        let size = page.round_up(wanted as u64).ok_or(HandlerError::AddressSpace)?;
        let total = guard.checked_add(size).ok_or(HandlerError::AddressSpace)?.get();
        let rights = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE;
        // SAFETY: a new mapping at an address of the host's choosing changes no valid region.
        let first = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), total, rights, flags) }
            .map_err(refused)?;
        // SAFETY: the guard is a part of the mapping, a valid region.
        let start = unsafe { first.cast::<u8>().add(guard.get()) };
        let start = NonNull::new(start).ok_or(HandlerError::AddressSpace)?;
        let mapping = Self { start, guard, size, previous };
        // SAFETY: S1: these bytes are the guard, which nobody uses.
        unsafe { rustix::mm::mprotect(first, guard.get(), MprotectFlags::empty()) }
            .map_err(refused)?;
        Ok(mapping)
    }

    fn stack(&self) -> libc::stack_t {
        let mut stack = self.previous;
        stack.ss_sp = self.start.as_ptr().cast::<c_void>();
        stack.ss_flags = 0;
        stack.ss_size = self.size.get();
        stack
    }

    /// Marks all bytes as unused. The thread is not on the stack; a handler that interrupts this
    /// is done with it when this goes on.
    fn paint(&mut self) {
        // SAFETY: S1.
        unsafe { self.start.write_bytes(PAINT, self.size.get()) };
    }

    /// Bytes from the top to the lowest one that was used: stacks grow downwards.
    fn high_water(&self) -> usize {
        let is_paint = |offset: &usize| {
            // SAFETY: S1, and the offset is below the size.
            let byte = unsafe { self.start.add(*offset) };
            // SAFETY: S1. Handlers wrote behind the compiler's back, so it must look.
            unsafe { byte.read_volatile() == PAINT }
        };
        self.size.get() - (0..self.size.get()).take_while(is_paint).count()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let total = self.guard.get() + self.size.get();
        // SAFETY: S1: the mapping starts with the guard.
        let first = unsafe { self.start.sub(self.guard.get()) };
        // SAFETY: S1, and whoever drops it has taken it from the thread.
        let _ = unsafe { rustix::mm::munmap(first.as_ptr().cast(), total) };
    }
}

impl Drop for AltStack {
    fn drop(&mut self) {
        let Some(mapping) = self.own.take() else { return };
        let ours = |now: &libc::stack_t| now.ss_sp == mapping.start.as_ptr().cast();
        let taken_away = match exchange(None) {
            // Rust disables the stack of its threads when they end.
            Ok(now) if now.ss_flags & libc::SS_DISABLE != 0 => true,
            Ok(now) if ours(&now) => exchange(Some(&mapping.previous)).is_ok(),
            _ => false,
        };
        if !taken_away {
            // A handler runs on it, or whoever put another in its place may put it back.
            core::mem::forget(mapping);
        }
    }
}

/// Sets this thread's alternate stack, if one is given; returns the one it had.
fn exchange(stack: Option<&libc::stack_t>) -> Result<libc::stack_t, HandlerError> {
    let stack = stack.map_or(ptr::null(), ptr::from_ref);
    let mut old = MaybeUninit::uninit();
    // SAFETY: the contract of sigaltstack(2): the pointers are valid or null, and who sets a stack
    // owns it (S1) or puts back what the thread had.
    if unsafe { libc::sigaltstack(stack, old.as_mut_ptr()) } != 0 {
        return Err(HandlerError::Os(last_error()));
    }
    // SAFETY: by its contract the call has written it.
    Ok(unsafe { old.assume_init() })
}

fn refused(errno: Errno) -> HandlerError {
    HandlerError::Os(OsError(errno.raw_os_error()))
}
