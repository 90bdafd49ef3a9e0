//! A feed for routers that speak BMP.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use super::LIMIT;
use super::place::Place;

/// What the captures hold: the README beside them tells it.
pub(crate) const PREFIX: &str = "198.51.100.0/24";

/// A feed at a free port for routers at this address.
pub(crate) fn feed(router: &str, more: &str) -> (u16, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = format!(
        "[[feed]]\ntype = \"bmp\"\nlisten = \"127.0.0.1:{port}\"\n\
         routers = [{{ address = \"{router}\", name = \"edge1\" }}]\nmin_vantage_ases = 1\n{more}\n"
    );
    (port, text)
}

/// Watches what AS4761 announces in the captures, as if it were ours.
pub(crate) fn watch(place: &Place, prefix: &str) {
    let text = fs::read_to_string(place.config()).unwrap();
    let (head, tail) = text.split_once("[[watch]]").unwrap();
    let (_, tail) = tail.split_once("[rpki]").unwrap();
    // The captures last for seconds: a loss of visibility would be told at once.
    // One router is enough, in a replay of its bytes too, which does not know whose they are.
    let watch = format!("[[watch]]\nprefix = \"{prefix}\"\n");
    fs::write(place.config(), format!("{head}{watch}\n[rpki]{tail}")).unwrap();
    place.edit("min_vantage_ases = 2", "min_vantage_ases = 1\nvisibility_after = \"0s\"");
}

/// A router that has said what it says in a capture, up to where its peers go down.
pub(crate) fn router(port: u16, capture: &[u8]) -> TcpStream {
    let mut router = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut rest = capture;
    // The common header (RFC 7854 section 4.1): version, length, type. 2 is Peer Down.
    while let [3, a, b, c, d, kind, ..] = *rest
        && kind != 2
    {
        let (message, after) = rest.split_at(u32::from_be_bytes([a, b, c, d]) as usize);
        router.write_all(message).unwrap();
        rest = after;
    }
    router
}

/// Waits until the daemon has closed the connection.
pub(crate) fn closed(mut router: TcpStream) {
    router.set_read_timeout(Some(LIMIT)).unwrap();
    let end = router.read(&mut [0; 16]);
    let reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
    assert!(matches!(&end, Ok(0)) || end.as_ref().is_err_and(reset), "{end:?}");
}
