//! BMP against captures of real routers (their README says who made them), against bgpkit-parser,
//! and against damage.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be read fails the test")]

mod bgpkit;
mod captures;
mod counts;
mod limits;
mod openbmp;
mod quirks;
mod story;
