//! What must hold of any recording: of those that are made here, and of those of others.

mod bmp;
mod one_path;
mod reload;
mod search;
