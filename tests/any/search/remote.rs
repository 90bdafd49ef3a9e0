//! What it reads over HTTP.

use std::fs;

use crate::play::search::{lines, search};
use crate::play::web::{response, serve};
use crate::recordings::{self, UPDATES};

/// Where a request wants to go on.
fn range(request: &str) -> Option<usize> {
    let line = request.lines().find(|line| line.to_ascii_lowercase().starts_with("range:"))?;
    line.split(['=', '-']).nth(1)?.parse().ok()
}

#[test]
fn a_transfer_that_stops_half_way_is_taken_up_there() {
    let file = fs::read(recordings::path(UPDATES)).unwrap();
    let (all, half) = (file.len(), file.len() / 2);
    let server = serve(move |request| match range(request) {
        None => response("200 OK", "ETag: \"1\"\r\n", all, &file[..half]),
        Some(from) => {
            let headers = format!("Content-Range: bytes {from}-{}/{all}\r\n", all - 1);
            response("206 Partial Content", &headers, all - from, &file[from..])
        }
    });
    let run = search([&format!("http://{}/rrc06/updates.gz", server.address)]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(run.stdout, lines(UPDATES));
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests.len(), 2);
    assert_eq!(range(&requests[1]), Some(half));
    assert!(requests[1].to_ascii_lowercase().contains("if-range: \"1\""), "{}", requests[1]);
}

#[test]
fn a_transfer_that_cannot_be_taken_up_is_told() {
    let file = fs::read(recordings::path(UPDATES)).unwrap();
    let (all, half) = (file.len(), file.len() / 2);
    let server = serve(move |_| response("200 OK", "", all, &file[..half]));
    let url = format!("http://{}/updates.gz", server.address);
    let run = search([&url]);
    assert_eq!(run.code, Some(1));
    assert!(lines(UPDATES).starts_with(&run.stdout) && !run.stdout.is_empty());
    let told = format!(
        "{url}: the transfer stopped after {half} bytes: the server cannot go on from there, or the \
         file has changed (it answers 200 OK)\n"
    );
    assert!(run.stderr.ends_with(&told), "{}", run.stderr);
}

#[test]
fn a_url_that_is_not_there_is_told() {
    let server = serve(|_| response("404 Not Found", "", 0, b""));
    let url = format!("http://{}/updates.gz", server.address);
    let run = search([&url]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(
        run.stderr.ends_with(&format!("{url}: the server answers 404 Not Found\n")),
        "{}",
        run.stderr
    );
}
