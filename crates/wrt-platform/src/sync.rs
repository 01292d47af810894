//! Atomics and locks of what `cargo xtask loom` models. There `sync_loom.rs` takes the place of this
//! file: type for type, and macros for what loom's types cannot do, since they are made at run time.

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
