//! The port to machines without an operating system: there is nothing to ask. The other files of this
//! folder are for hosts that lack what they stand for.
