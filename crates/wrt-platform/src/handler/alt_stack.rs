//! The stack that signal handlers run on.
#![allow(unsafe_code, reason = "maps and measures signal stacks")]

use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::error::HandlerError;
use crate::sys::pages;
use crate::sys::signal_stack::{self, SignalStack};
use crate::units::HostBytes;

/// An alternate signal stack (sigaltstack(2)) for the thread that made it, with an inaccessible
/// page below it.
///
/// A handler on the stack of the code it interrupts has only what that code left, and none when it
/// overflowed. The host gives no thread such a stack; Rust gives its own threads a small one, for
/// its report of stack overflows. A thread that has a larger one keeps that.
///
/// A thread may make several, one within the other or not: they share one stack, the largest that
/// was asked for. It stays until the last of them is dropped, in whatever order, and then the thread
/// has what it had before the first.
///
/// ```
/// use wrt_platform::AltStack;
///
/// let stack = AltStack::new()?;
/// assert!(stack.size() >= AltStack::ROOM);
/// # Ok::<(), wrt_platform::HandlerError>(())
/// ```
///
/// One that is not kept is dropped at once:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// wrt_platform::AltStack::new()?;
/// # Ok::<(), wrt_platform::HandlerError>(())
/// ```
#[derive(Debug)]
#[must_use = "the thread loses its signal stack when this is dropped"]
pub struct AltStack {
    size: usize,
    /// A thread's stack is of no use to another.
    _of_this_thread: PhantomData<*mut ()>,
}

/// What the [`AltStack`]s of a thread share.
#[derive(Clone, Copy)]
struct Shared {
    /// How many there are.
    users: usize,
    /// The stack that was made for them, if the thread's own did not suffice.
    stack: Option<Mapping>,
}

std::thread_local! {
    /// - **S1** The stack is of this thread alone, which unmaps it when it is neither here nor the
    ///   thread's alternate stack any more.
    static SHARED: Cell<Shared> = const { Cell::new(Shared { users: 0, stack: None }) };
}

/// - **S2** `start..start + size` is a valid region of its own, with `guard` inaccessible bytes
///   before it, until [`unmap`](Self::unmap). The host may write to it while a handler runs on this
///   thread.
#[derive(Clone, Copy)]
struct Mapping {
    start: NonNull<u8>,
    guard: HostBytes,
    size: HostBytes,
    /// What the thread had before.
    previous: SignalStack,
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
        let wanted = Self::host_frame().saturating_add(bytes);
        let now = SignalStack::now().map_err(HandlerError::Os)?;
        let mut shared = SHARED.get();
        let is_large = now.is_enabled() && now.size() >= wanted;
        let size = if is_large {
            now.size()
        } else {
            shared.stack.insert(replace(shared.stack, now, wanted)?).size.get()
        };
        shared.users += 1;
        SHARED.set(shared);
        Ok(Self { size, _of_this_thread: PhantomData })
    }

    /// Bytes that the host puts on a signal stack before it calls a handler, at most.
    #[must_use]
    pub fn host_frame() -> usize {
        signal_stack::smallest_stack()
    }

    /// The size in bytes of the stack that the thread had when this was made. A later one may have
    /// made it larger.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// How many bytes of the stack are used while `faulting` runs: the high-water mark of all
    /// handlers that ran on it. For tests of one's own callback.
    ///
    /// `None`, and nothing is run, when the thread keeps the stack it had, whose bytes are another's,
    /// or runs on it now. `None` also when `faulting` has put another stack in its place.
    pub fn measure(&mut self, faulting: impl FnOnce()) -> Option<usize> {
        let now = SignalStack::now().ok()?;
        let is_in_place = |stack: &Mapping| stack.is(&now) && !now.is_in_use();
        let stack = SHARED.get().stack.filter(is_in_place)?;
        stack.paint();
        faulting();
        let is_the_same = |now: &Mapping| now.start == stack.start;
        SHARED.get().stack.filter(is_the_same).map(|stack| stack.high_water())
    }
}

/// Puts a stack of at least `wanted` bytes in place of `now`, and of the one that was made before.
fn replace(
    made: Option<Mapping>,
    now: SignalStack,
    wanted: usize,
) -> Result<Mapping, HandlerError> {
    let in_place = made.filter(|stack| stack.is(&now));
    // What was before the stack that is given up is before the new one.
    let previous = in_place.map_or(now, |stack| stack.previous);
    if let Some(made) = made.filter(|stack| stack.size.get() >= wanted) {
        // Somebody else's stack is in its place.
        let made = Mapping { previous, ..made };
        // SAFETY: S1.
        unsafe { made.stack().set() }.map_err(HandlerError::Os)?;
        return Ok(made);
    }
    let new = Mapping::new(wanted, previous)?;
    // SAFETY: S1.
    if let Err(error) = unsafe { new.stack().set() } {
        // SAFETY: S1: the thread has not got it.
        unsafe { new.unmap() };
        return Err(HandlerError::Os(error));
    }
    if let Some(old) = in_place {
        // SAFETY: S1: the thread has another now. One that is not in place stays: whoever put theirs
        // there may put it back.
        unsafe { old.unmap() };
    }
    Ok(new)
}

/// What an unused byte of a measured stack holds.
const PAINT: u8 = 0xA7;

impl Mapping {
    fn new(wanted: usize, previous: SignalStack) -> Result<Self, HandlerError> {
        let page = pages::size();
        let guard = page.round_up(1).ok_or(HandlerError::AddressSpace)?;
        let size = page.round_up(wanted as u64).ok_or(HandlerError::AddressSpace)?;
        guard.checked_add(size).ok_or(HandlerError::AddressSpace)?;
        let start = signal_stack::map(guard, size).map_err(HandlerError::Os)?;
        Ok(Self { start, guard, size, previous })
    }

    /// Whether this is the stack that the host names.
    fn is(&self, stack: &SignalStack) -> bool {
        stack.is_enabled() && stack.start() == self.start.as_ptr().addr()
    }

    fn stack(&self) -> SignalStack {
        self.previous.moved_to(self.start, self.size)
    }

    /// Marks all bytes as unused. The thread is not on the stack; a handler that interrupts this
    /// is done with it when this goes on.
    fn paint(&self) {
        // SAFETY: S2.
        unsafe { self.start.write_bytes(PAINT, self.size.get()) };
    }

    /// Bytes from the top to the lowest one that was used: stacks grow downwards.
    fn high_water(&self) -> usize {
        let is_paint = |offset: &usize| {
            // SAFETY: S2, and the offset is below the size.
            let byte = unsafe { self.start.add(*offset) };
            // SAFETY: S2. Handlers wrote behind the compiler's back, so it must look.
            unsafe { byte.read_volatile() == PAINT }
        };
        self.size.get() - (0..self.size.get()).take_while(is_paint).count()
    }

    /// Gives the thread what it had before, and unmaps the stack unless the thread may still use it.
    fn put_away(self) {
        let taken_away = match SignalStack::now() {
            // Rust disables the stack of its threads when they end.
            Ok(now) if !now.is_enabled() => true,
            // SAFETY: by the contract of `set`: the thread had it before.
            Ok(now) if self.is(&now) => unsafe { self.previous.set() }.is_ok(),
            _ => false,
        };
        // Otherwise a handler runs on it, or whoever put another in its place may put it back.
        if taken_away {
            // SAFETY: S1: the thread has it no more.
            unsafe { self.unmap() };
        }
    }

    /// # Safety
    ///
    /// The thread's alternate stack is another, and none of its copies is used any more.
    unsafe fn unmap(self) {
        // SAFETY: S2, and the caller's contract.
        unsafe { signal_stack::unmap(self.start, self.guard, self.size) };
    }
}

impl Drop for AltStack {
    fn drop(&mut self) {
        let mut shared = SHARED.get();
        shared.users -= 1;
        let unused = if shared.users == 0 { shared.stack.take() } else { None };
        SHARED.set(shared);
        if let Some(stack) = unused {
            stack.put_away();
        }
    }
}
