//! The edges where a notice leaves: everything here is async and does I/O.

pub mod smtp;
