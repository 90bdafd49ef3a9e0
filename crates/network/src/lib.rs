//! How a server is reached: what every connection that we open has in common.
//!
//! [`is_host_port`] is what an address looks like, [`proxy`] is the way through one, [`http_client`] what every HTTP client begins with,
//! [`tls`] makes a connection safe, [`password`] reads what we prove ourselves by, [`Backoff`] says how long to wait before the next try. This crate lies below all that connects (an RTR cache, a
//! mailbox, a feed), and never knows who calls or what is said on the connection.

mod address;
mod backoff;
mod http;
pub mod proxy;
mod secret;
pub mod tls;

pub use address::{is_host, is_host_port};
pub use backoff::{Backoff, jittered};
pub use http::http_client;
pub use secret::{PasswordError, password};
