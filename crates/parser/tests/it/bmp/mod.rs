//! BMP: what a stream tells, and what is made up.

mod limits;
mod openbmp;
mod sessions;
