//! Atomics and locks of the code that `cargo xtask loom` models. Under loom, `sync_loom.rs`
//! replaces this file type for type. Macros cover constants and statics, since loom creates its
//! types at run time.

pub(crate) use core::sync::atomic;

pub(crate) use spin::{Mutex, Once};

/// A function that is `const`.
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis fn $($function:tt)*) => {
        $(#[$attribute])* $visibility const fn $($function)*
    };
}

/// A `static`.
macro_rules! global {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;) => {
        $(#[$attribute])* static $name: $type = $value;
    };
}

/// An array that repeats a constant.
macro_rules! repeated {
    [$value:expr; $count:expr] => { [const { $value }; $count] };
}

pub(crate) use {const_fn, global, repeated};
