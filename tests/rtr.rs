//! RTR against the server of the `rpki` crate, behind a proxy that spoils what it says. Those of others
//! are in `real`.

mod cache;
mod faults;
mod tls;
