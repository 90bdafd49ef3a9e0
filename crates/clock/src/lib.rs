//! What time it is, for the edges: cores never ask, `now` is an argument there.
//!
//! A [`Moment`] is both clocks of this machine at once: the wall clock, to tell people, and a steady one, to
//! measure by. A [`StepDetector`] compares them, and says when somebody has set the wall clock; for a
//! [`MonotonicClock`] it never goes back. This crate never knows what the time is asked for.

mod moment;
mod monotonic;
mod step;

pub use moment::{Moment, wall};
pub use monotonic::MonotonicClock;
pub use step::{ClockStep, StepDetector};
