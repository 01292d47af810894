//! WASI functions, called by a program that does nothing but hand its arguments on.

mod files;
mod pointers;
mod program;
mod streams;
