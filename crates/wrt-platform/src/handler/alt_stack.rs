//! Alternate signal stacks.
#![allow(unsafe_code, reason = "maps and measures signal stacks")]

use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::error::HandlerError;
use crate::sys::pages;
use crate::sys::signal_stack::{self, SignalStack};
use crate::units::HostBytes;

/// An alternate signal stack (sigaltstack(2)) for the thread that created it, with an inaccessible
/// page below.
///
/// A handler on the stack of the interrupted code has only the rest of that stack, and nothing
/// after an overflow. The host gives threads no alternate stack; Rust gives its own threads a small
/// one, for its report of stack overflows. A thread with a larger one keeps it.
///
/// A thread may create several, nested or not: they share one stack, the largest requested. It
/// stays until the last of them is dropped, in any order; then the thread returns to its stack
/// before the first.
///
/// ```
/// use wrt_platform::AltStack;
///
/// let stack = AltStack::new()?;
/// assert!(stack.size() >= AltStack::ROOM);
/// # Ok::<(), wrt_platform::HandlerError>(())
/// ```
///
/// A value that is not kept is dropped at once:
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
    /// Keeps the value on its thread.
    _of_this_thread: PhantomData<*mut ()>,
}

/// State shared by the [`AltStack`]s of a thread.
#[derive(Clone, Copy)]
struct Shared {
    /// Number of [`AltStack`]s.
    users: usize,
    /// The stack created for them, if that of the thread did not suffice.
    stack: Option<Mapping>,
}

std::thread_local! {
    /// - **S1** The stack belongs to this thread alone, which unmaps it when it is neither stored
    ///   here nor the thread's alternate stack.
    static SHARED: Cell<Shared> = const { Cell::new(Shared { users: 0, stack: None }) };
}

/// - **S2** `start..start + size` is a valid region, with `guard` inaccessible bytes before it,
///   until [`unmap`](Self::unmap). The host may write to it while a handler runs on this thread.
#[derive(Clone, Copy)]
struct Mapping {
    start: NonNull<u8>,
    guard: HostBytes,
    size: HostBytes,
    /// The thread's previous alternate stack.
    previous: SignalStack,
}

impl AltStack {
    /// Bytes for the handler, the callbacks and previous handlers, beyond the host's signal frame.
    pub const ROOM: usize = 64 << 10;

    /// Bytes of [`ROOM`](Self::ROOM) that remain for callbacks and previous handlers: the handler
    /// itself, and printing a report, need less than the rest.
    pub const RESERVE: usize = 48 << 10;

    /// Creates a stack with the usual room.
    ///
    /// # Errors
    ///
    /// When the host refuses, as it does while a handler runs on the current alternate stack.
    pub fn new() -> Result<Self, HandlerError> {
        Self::with_room(Self::ROOM)
    }

    /// Creates a stack with `bytes` bytes beyond the host's signal frame, whose size the host
    /// reports at run time (`AT_MINSIGSTKSZ`).
    ///
    /// # Errors
    ///
    /// When the host refuses, as it does while a handler runs on the current alternate stack, or
    /// cannot address the size.
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

    /// The largest signal frame: bytes that the host puts on a signal stack before it calls a
    /// handler.
    #[must_use]
    pub fn host_frame() -> usize {
        signal_stack::smallest_stack()
    }

    /// The size in bytes of the thread's alternate stack when this was created. A later
    /// [`AltStack`] may have made it larger.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The number of bytes of the stack that are used while `faulting` runs: the high-water mark of
    /// all handlers that ran on it. For tests of a callback.
    ///
    /// `None`, without a call of `faulting`, when the thread keeps its previous stack, which
    /// belongs to other code, or runs on the stack now. `None` also when `faulting` has set another
    /// stack.
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

/// Replaces `now`, and the stack created before, by a stack of at least `wanted` bytes.
fn replace(
    made: Option<Mapping>,
    now: SignalStack,
    wanted: usize,
) -> Result<Mapping, HandlerError> {
    let in_place = made.filter(|stack| stack.is(&now));
    // The previous stack of the replaced one is also that of the new one.
    let previous = in_place.map_or(now, |stack| stack.previous);
    if let Some(made) = made.filter(|stack| stack.size.get() >= wanted) {
        // Other code has set a stack in its place.
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

/// Value of the unused bytes of a measured stack.
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

    /// Marks all bytes as unused. The thread is not on the stack, and a handler that interrupts
    /// this has left the stack when it returns.
    fn paint(&self) {
        // SAFETY: S2.
        unsafe { self.start.write_bytes(PAINT, self.size.get()) };
    }

    /// Number of bytes from the top to the lowest used one: stacks grow downwards.
    fn high_water(&self) -> usize {
        let is_paint = |offset: &usize| {
            // SAFETY: S2, and the offset is below the size.
            let byte = unsafe { self.start.add(*offset) };
            // SAFETY: S2. Handlers wrote behind the compiler's back, so it must look.
            unsafe { byte.read_volatile() == PAINT }
        };
        self.size.get() - (0..self.size.get()).take_while(is_paint).count()
    }

    /// Restores the thread's previous stack, and unmaps this one unless the thread may still use
    /// it.
    fn put_away(self) {
        let taken_away = match SignalStack::now() {
            // Rust disables the stack of its threads when they end.
            Ok(now) if !now.is_enabled() => true,
            // SAFETY: by the contract of `set`: the thread had it before.
            Ok(now) if self.is(&now) => unsafe { self.previous.set() }.is_ok(),
            _ => false,
        };
        // Otherwise a handler runs on it, or code that has replaced it may restore it.
        if taken_away {
            // SAFETY: S1: the thread has it no more.
            unsafe { self.unmap() };
        }
    }

    /// # Safety
    ///
    /// The thread has another alternate stack, and no copy of this value is used any more.
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
