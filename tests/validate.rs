//! `originwatch validate`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use serde_json::{Value, json};

use crate::play::{Run, originwatch, originwatch_reading, root};

const VRPS: &str = "data/indosat-2014/vrps.json";

/// Validates the lines of `routes`.
fn many(arguments: &[&str], routes: &str) -> Run {
    originwatch_reading([&["validate"], arguments, &["-"]].concat(), routes)
}

fn one(prefix: &str, asn: &str) -> (Option<i32>, String) {
    let run = originwatch(["validate", "--vrps", VRPS, prefix, asn]);
    assert_eq!(run.stderr, "");
    (run.code, run.stdout)
}

#[test]
fn one_route_is_answered_with_the_vrps_that_decide() {
    let answer = |code, line: &str| (Some(code), format!("{line}\n"));
    let own = "198.18.0.0/21 max 24 AS64500";
    assert_eq!(
        one("198.18.0.0/21", "AS64500"),
        answer(0, &format!("198.18.0.0/21 AS64500 valid: {own} (matched)"))
    );
    assert_eq!(
        one("64500", "198.18.0.0/25"),
        answer(1, &format!("198.18.0.0/25 AS64500 invalid (length): {own} (too long for it)"))
    );
    assert_eq!(
        one("198.18.4.0/24", "4761"),
        answer(1, &format!("198.18.4.0/24 AS4761 invalid (as): {own} (another AS)"))
    );
    assert_eq!(
        one("2001:db8::/32", "64500"),
        answer(0, "2001:db8::/32 AS64500 not-found: no VRP covers it")
    );
}

#[test]
fn json_has_the_shape_of_routinator() {
    let run = originwatch(["validate", "--vrps", VRPS, "--json", "198.18.4.0/25", "64500"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    let vrp = json!({ "asn": "AS64500", "prefix": "198.18.0.0/21", "max_length": "24" });
    let validated = json!({
        "route": { "origin_asn": "AS64500", "prefix": "198.18.4.0/25" },
        "validity": {
            "state": "invalid",
            "reason": "length",
            "description": "At least one VRP Covers the Route Prefix, but the Route Prefix length \
                            is greater than the maximum length allowed by VRP(s) matching this \
                            route origin ASN",
            "VRPs": { "matched": [], "unmatched_as": [], "unmatched_length": [vrp] },
        },
    });
    let generated = "2014-04-02T18:20:00Z";
    assert_eq!(
        serde_json::from_str::<Value>(&run.stdout).unwrap(),
        json!({ "validated_route": validated, "generatedTime": generated })
    );

    let run = many(&["--vrps", VRPS, "--json"], "198.18.4.0/25 64500\n\n2001:db8::/32 64500\n");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let routes: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(routes["validated_routes"][0], validated);
    assert_eq!(routes["validated_routes"][1]["validity"]["state"], "not-found");
    assert_eq!(routes["validated_routes"].as_array().unwrap().len(), 2);

    let run = many(&["--vrps", VRPS, "--json"], "");
    assert_eq!(run.stdout, "{\"validated_routes\":[]}\n");
}

#[test]
fn a_bad_line_costs_itself_and_is_told_with_its_number() {
    let routes =
        "198.18.0.0/21 AS64500\n# a comment\n198.18.1.0/21 1\n\n198.18.0.0/21,64500\nfrog\n";
    let run = many(&["--vrps", VRPS], routes);
    assert_eq!(run.code, Some(1));
    let line = "198.18.0.0/21 AS64500 valid: 198.18.0.0/21 max 24 AS64500 (matched)\n";
    assert_eq!(run.stdout, line.repeat(2));
    assert_eq!(
        run.stderr,
        "line 3: '198.18.1.0/21': host bits are set (the network is 198.18.0.0/21)\n\
         line 6: 'frog': expected a prefix and an AS number, as 192.0.2.0/24 AS64500\n"
    );
}

#[test]
fn local_exceptions_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slurm.json");
    let slurm = json!({
        "slurmVersion": 1,
        "validationOutputFilters": { "prefixFilters": [{ "asn": 64500 }], "bgpsecFilters": [] },
        "locallyAddedAssertions": {
            "prefixAssertions": [{ "asn": 64501, "prefix": "198.18.0.0/21" }],
            "bgpsecAssertions": [],
        },
    });
    std::fs::write(&path, slurm.to_string()).unwrap();
    let with = |path: &str| {
        originwatch(["validate", "--vrps", VRPS, "--slurm", path, "198.18.0.0/21", "64501"])
    };
    let run = with(path.to_str().unwrap());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(run.stdout, "198.18.0.0/21 AS64501 valid: 198.18.0.0/21 max 21 AS64501 (matched)\n");

    let run = with(VRPS);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(
        run.stderr.starts_with("originwatch: data/indosat-2014/vrps.json: not local exceptions"),
        "{}",
        run.stderr
    );
}

#[test]
fn vrps_come_over_http_too() {
    let vrps = std::fs::read_to_string(root().join(VRPS)).unwrap();
    let ok = serve("200 OK", &vrps);
    let run =
        originwatch(["validate", "--vrps", &format!("http://{ok}/"), "198.18.0.0/21", "64500"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));

    let missing = format!("http://{}/vrps.json", serve("404 Not Found", "<html>no</html>"));
    let run = originwatch(["validate", "--vrps", &missing, "198.18.0.0/21", "64500"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    assert_eq!(run.stderr, format!("originwatch: {missing}: the server answers 404 Not Found\n"));

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run =
        originwatch(["validate", "--vrps", &format!("http://{nobody}/"), "198.18.0.0/21", "1"]);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("cannot connect"), "{}", run.stderr);
}

#[test]
fn a_transfer_that_ends_early_is_not_taken_for_a_whole() {
    let vrps = std::fs::read_to_string(root().join(VRPS)).unwrap();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", vrps.len() + 1);
    let url = format!("http://{}/", serve_raw(answer + &vrps));
    let run = originwatch(["validate", "--vrps", &url, "198.18.0.0/21", "64500"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    assert!(run.stderr.contains("the transfer failed"), "{}", run.stderr);
}

/// A web server that answers once.
fn serve(status: &str, body: &str) -> SocketAddr {
    let length = body.len();
    serve_raw(format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}"))
}

fn serve_raw(answer: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    address
}
