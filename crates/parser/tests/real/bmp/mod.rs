//! BMP against captures of real routers (their README says who made them), against bgpkit-parser,
//! and against damage.

mod bgpkit;
mod captures;
mod counts;
mod limits;
mod openbmp;
mod quirks;
