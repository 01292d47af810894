//! The commands as a user meets them: what they print, and how they end.

mod child;
mod failures;
mod invoke;
mod programs;
mod spec;
