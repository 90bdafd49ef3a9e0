//! The dispatcher: who is told what, and when not.

mod controls;
mod invariants;
mod leak;
mod office;
mod windows;
