//! The router's side of the RPKI-to-Router protocol: RFC 6810, RFC 8210, and 8210bis with ASPA.
//!
//! [`client`] has the socket and the clock; `session` decides, and needs neither; `pdu` reads the
//! bytes; `payload` keeps what they said.

mod client;
mod payload;
mod pdu;
mod session;
mod timing;

pub(super) use client::run;
