use ::network::proxy::ProxyConfig;
use toml::Spanned;
use toml::de::DeValue;

use super::fault::Fault;
use super::section::Section;
use super::value;

const PROXY: &str = "an HTTP proxy, as \"http://proxy.example.net:3128\"";

/// `[network]`: the proxy that all HTTP and the web socket of RIS Live go through.
pub(super) fn read(section: &Section<'_>) -> Option<ProxyConfig> {
    let address = section.required("proxy", PROXY, proxy);
    let no_proxy = section.list("no_proxy", value::line).unwrap_or_default();
    let username = section.optional("username", value::line);
    let password_file = section.path("password_file");
    if section.has("username") != section.has("password_file") {
        let key = if section.has("username") { "username" } else { "password_file" };
        section.fault(key, format!("'{key}' alone"), "'username' and 'password_file'");
    }
    section.finish();
    Some(ProxyConfig { address: address?, no_proxy, login: username.zip(password_file) })
}

/// The `host:port` of an `http://` URL: the web socket knows no other proxies.
fn proxy(value: &Spanned<DeValue<'_>>) -> Result<String, Fault> {
    let text = value::string(value, PROXY)?;
    if text.contains('@') {
        // The value is not shown: it may hold a password.
        let expected = "username and password_file instead";
        return Err(Fault::new(value.span(), "a proxy with a login in it", expected).hide(true));
    }
    let address = text.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    match address.filter(|address| ::network::is_host_port(address)) {
        Some(address) => Ok(address.to_owned()),
        None => Err(value::wrong(value, "is not the URL of an HTTP proxy with its port", PROXY)),
    }
}
