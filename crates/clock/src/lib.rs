//! What time it is, for the edges: cores never ask, `now` is an argument there.
//!
//! A [`Moment`] is both clocks of this machine at once: the wall clock, to tell people, and a steady one, to
//! measure by. This crate never knows what the time is asked for.

mod moment;

pub use moment::{Moment, wall};
