//! What both suites use: streams are written and read as plainly as can be.

pub(crate) mod encode;
pub(crate) mod envelope;
pub(crate) mod frame;
pub(crate) mod golden;
pub(crate) mod reading;
pub(crate) mod story;
