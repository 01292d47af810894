//! The port to machines without an operating system, which makes no calls. The other files of this
//! folder are for hosts that lack the facility of that name.
