use reqwest::{Client, ClientBuilder};

use crate::proxy;

/// What every HTTP client of ours begins with: our name, and the way out of this machine.
pub fn http_client() -> ClientBuilder {
    let client = Client::builder().user_agent(concat!("originwatch/", env!("CARGO_PKG_VERSION")));
    match proxy::for_http() {
        Some(proxy) => client.proxy(proxy),
        // It reads the environment itself.
        None => client,
    }
}
