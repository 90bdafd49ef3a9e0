//! The API of a daemon, asked as a program would.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::Relay;
use crate::play::spool::{drop_in, place, updates};

pub(super) const TOKEN: &str = "0123456789abcdef0123";

/// How a daemon is asked.
pub(super) struct Api {
    port: u16,
}

impl Api {
    /// A daemon that has told of the hijack of 2014, with an API.
    pub(super) fn start(token: &str) -> (Relay, Place, Daemon, Api, String) {
        let relay = Relay::start();
        let place = place(&relay);
        let api = Api::of(&place, token);
        let daemon = Daemon::start(&place.config());
        updates().iter().take(2).for_each(|file| drop_in(&place, file));
        let name = relay.next().header("X-Originwatch-Incident").unwrap();
        (relay, place, daemon, api, name)
    }

    /// The one that the daemon of this place will have.
    pub(super) fn of(place: &Place, token: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        std::fs::write(place.path("token"), format!("{TOKEN}\n")).unwrap();
        let web = format!("[web]\nlisten = \"127.0.0.1:{port}\"\n{token}\n[operator]");
        place.edit("[operator]", &web);
        Api { port }
    }

    fn send(&self, head: &str, body: &str) -> (u16, String) {
        let (head, body) = self.exchange(head, body);
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
    }

    /// The head of the answer, and its body.
    pub(super) fn exchange(&self, head: &str, body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        let request = format!(
            "{head}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        // A server that has answered already may have closed.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    /// A connection that has asked for this path and reads on.
    pub(super) fn listen(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        stream
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let (code, body) = self.send(&format!("GET {path} HTTP/1.1"), "");
        (code, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }

    pub(super) fn ask(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json"
        );
        let (code, body) = self.send(&head, &body.to_string());
        (code, serde_json::from_str(&body).unwrap_or(Value::String(body)))
    }
}

#[test]
fn who_has_the_token_says_what_the_commands_say() {
    let token = "token_file = \"token\"";
    let (_relay, _place, daemon, api, name) = Api::start(token);
    let incident = format!("/api/v1/incidents/{name}");
    let done = (200, json!({ "done": true }));
    let ack = api.ask("POST", &format!("{incident}/ack"), TOKEN, &json!({ "by": "alice" }));
    assert_eq!(ack, done);
    let note = json!({ "by": "bob", "text": "called them" });
    assert_eq!(api.ask("POST", &format!("{incident}/note"), TOKEN, &note), done);
    let mute = json!({ "scope": { "asn": 4761 }, "for": "4h", "by": "alice" });
    assert_eq!(api.ask("POST", "/api/v1/mutes", TOKEN, &mute), done);
    let (code, shown) = api.get(&incident);
    assert_eq!(code, 200);
    assert_eq!(shown["incident"]["marks"]["acknowledged"]["by"], "alice");
    assert_eq!(shown["incident"]["marks"]["notes"][0]["text"], "called them");
    assert_eq!(shown["notices"][0]["reason"], "opened");
    assert_eq!(api.get("/api/v1/mutes").1[0]["scope"], json!({ "asn": 4761 }));
    let unmute = json!({ "scope": { "asn": 4761 } });
    assert_eq!(api.ask("DELETE", "/api/v1/mutes", TOKEN, &unmute), done);
    assert_eq!(api.get("/api/v1/mutes"), (200, json!([])));
    let window = json!({ "name": "move", "from": "2030-01-01T00:00:00Z",
        "until": "2030-01-01T02:00:00Z", "prefixes": ["198.18.0.0/24"] });
    assert_eq!(api.ask("POST", "/api/v1/maintenance", TOKEN, &window), done);
    assert_eq!(api.get("/api/v1/maintenance").1[0]["window"]["name"], "move");
    assert_eq!(api.ask("DELETE", "/api/v1/maintenance/move", TOKEN, &json!({})), done);
    assert_eq!(api.get("/api/v1/maintenance"), (200, json!([])));
    let (code, again) = api.ask("DELETE", "/api/v1/maintenance/move", TOKEN, &json!({}));
    assert_eq!((code, again["detail"].as_str().unwrap().contains("'move'")), (422, true));
    daemon.stop();
}

#[test]
fn without_the_token_one_may_only_look() {
    let (_relay, _place, daemon, api, name) = Api::start("token_file = \"token\"");
    assert_eq!(api.get("/healthz"), (200, "ok\n".into()));
    assert_eq!(api.get("/api/v1/incidents").1[0]["incident"], name.as_str());
    assert_eq!(api.get("/api/v1/incidents/OW-1").0, 404);
    let metrics = api.get("/metrics").1;
    let open =
        "originwatch_incidents{kind=\"origin-hijack\",severity=\"critical\",state=\"open\"} 1";
    for line in
        [open, "originwatch_healthy ", "originwatch_feed_up{feed=", "originwatch_build_info{"]
    {
        assert!(metrics.as_str().unwrap().contains(line), "{line}: {metrics}");
    }
    let ack = format!("/api/v1/incidents/{name}/ack");
    for wrong in ["", "0123456789abcdef012", "0123456789abcdef01234"] {
        assert_eq!(api.ask("POST", &ack, wrong, &json!({})).0, 401);
    }
    assert_eq!(api.send(&format!("POST {ack} HTTP/1.1"), "").0, 401);
    assert_eq!(api.ask("POST", "/api/v1/queue/flush", "x", &json!({})).0, 401);
    let (code, ready) = api.get("/readyz");
    assert_eq!((code, &ready["ready"]), (200, &true.into()), "{ready}");
    for part in ["engine", "store", "feeds", "rpki", "watches", "channels"] {
        assert_eq!(ready["parts"][part]["ok"], true, "{part}: {ready}");
    }
    for (request, expected) in
        [("GET /none", 404), ("DELETE /metrics", 405), ("GET /api/v1/incidents?all=x", 400)]
    {
        let (code, body) = api.send(&format!("{request} HTTP/1.1"), "");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((code, &problem["status"]), (expected, &expected.into()), "{request}: {body}");
    }
    let foreign = api.send("GET /api/v1/incidents HTTP/1.1\r\nHost: evil.example", "");
    assert_eq!(foreign.0, 421);
    // What makes no sense costs itself.
    assert_eq!(api.ask("POST", "/api/v1/mutes", TOKEN, &json!({ "colour": 1 })).0, 422);
    assert_eq!(api.ask("POST", "/api/v1/mutes", TOKEN, &json!({ "for": "4h" })).0, 422);
    let large = json!({ "text": "x".repeat(100_000) });
    assert_eq!(api.ask("POST", &ack, TOKEN, &large).0, 413);
    assert_eq!(api.send("GET /%00/..%2f HTTP/1.1", "").0, 404);
    assert_eq!(api.get("/api/v1/incidents").1[0].get("marks"), None);
    daemon.stop();
}

#[test]
fn without_a_token_file_nobody_changes_anything() {
    let (_relay, _place, daemon, api, name) = Api::start("");
    let (code, why) = api.ask("POST", &format!("/api/v1/incidents/{name}/ack"), TOKEN, &json!({}));
    assert_eq!(code, 403);
    assert!(why["detail"].as_str().unwrap().contains("no token_file"), "{why}");
    daemon.stop();
}

#[test]
fn whoever_holds_the_api_stops_no_alarm() {
    let relay = Relay::start();
    let place = place(&relay);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    place.edit("[operator]", &format!("[web]\nlisten = \"127.0.0.1:{port}\"\n[operator]"));
    // Fewer descriptors than there are connections.
    let mut daemon = Daemon::run(Daemon::shell("ulimit -n 360;", &place.config()));
    daemon.wait_for(" running ");
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    // Where the queue is full for a moment the kernel asks again after a second.
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok();
    let held: Vec<_> = (0..1000).map_while(connect).collect();
    assert!(held.len() > 360, "only {} could connect", held.len());
    updates().iter().take(2).for_each(|file| drop_in(&place, file));
    assert!(relay.next().header("X-Originwatch-Incident").is_some());
    drop(held);
    daemon.stop();
}
