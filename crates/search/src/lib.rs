//! Routes in recordings: which elements are looked for, and how they are printed.
//!
//! Start with [`Criteria`], what is looked for; a [`Search`] reads the inputs and gives the hits, printed, in
//! the order of time. In the order of the flow: `prefixes` makes most records end early, `query` decides of
//! each element on the threads that read, and `line` prints it there as well.
//!
//! This crate never knows incidents, feeds or config files.

mod criteria;
mod line;
mod prefixes;
mod query;
mod scan;

pub use criteria::{Criteria, ElementType, Format, Prefixes, RovState};
pub use line::HEAD;
pub use query::Query;
pub use scan::Search;
