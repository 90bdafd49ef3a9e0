//! What must hold of any recording: of those that we made, and of those of others.

mod bgpkit;
mod damage;
mod filter;
mod lines;
