//! Atomics and locks that loom schedules: it can switch threads at each access.

use std::sync::OnceLock;

use loom::sync::MutexGuard;

pub(crate) use loom::sync::atomic;

use self::atomic::{AtomicBool, Ordering};

/// A function that is not `const`.
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis fn $($function:tt)*) => {
        $(#[$attribute])* $visibility fn $($function)*
    };
}

/// A `static`, made anew for each execution.
macro_rules! global {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;) => {
        loom::lazy_static! { $(#[$attribute])* static ref $name: $type = $value; }
    };
}

/// An array of values made one by one.
macro_rules! repeated {
    [$value:expr; $count:expr] => { core::array::from_fn::<_, { $count }, _>(|_| $value) };
}

pub(crate) use {const_fn, global, repeated};

/// A lock with the interface of `spin::Mutex`.
#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    #[expect(clippy::unwrap_used, reason = "a thread that panics ends the model")]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap()
    }
}

/// A value that is set once, with the interface of `spin::Once`. Loom schedules the flag that
/// publishes it.
#[derive(Debug)]
pub(crate) struct Once<T> {
    is_set: AtomicBool,
    value: OnceLock<T>,
}

impl<T> Once<T> {
    pub(crate) fn new() -> Self {
        Self { is_set: AtomicBool::new(false), value: OnceLock::new() }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        if self.is_set.load(Ordering::Acquire) { self.value.get() } else { None }
    }

    pub(crate) fn call_once(&self, make: impl FnOnce() -> T) {
        self.value.get_or_init(make);
        self.is_set.store(true, Ordering::Release);
    }
}
