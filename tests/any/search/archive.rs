//! What a broker knows of the archives, and what is kept of them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::play::search::search;
use crate::play::web::{Server, response, serve};
use crate::play::{Run, originwatch};
use crate::recordings::{self, PLAIN, PLAIN_LINES};

/// A broker that lists the same file many times, under different names, over two pages.
fn broker(files: usize) -> Server {
    let file = fs::read(recordings::path(PLAIN)).unwrap();
    serve(move |request| {
        let target = request.split(' ').nth(1).unwrap().to_owned();
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        if !target.starts_with("/broker/search?") {
            return response("200 OK", "", file.len(), &file);
        }
        let page: usize = target.rsplit_once("&page=").unwrap().1.parse().unwrap();
        let mut items = String::new();
        for number in ((page - 1) * 1000)..files.min(page * 1000) {
            let comma = if items.is_empty() { "" } else { "," };
            let item = format!(
                "{comma}{{\"ts_start\":\"2015-10-14T16:05:00\",\"ts_end\":\"2015-10-14T16:20:00\",\
                 \"collector_id\":\"rrc00\",\"data_type\":\"updates\",\
                 \"url\":\"http://{host}/rrc00/{number}\",\"rough_size\":1,\"exact_size\":0}}"
            );
            items.write_str(&item).unwrap();
        }
        let body = format!(
            "{{\"total\":{files},\"count\":1,\"page\":{page},\"error\":null,\"data\":[{items}]}}"
        );
        response("200 OK", "", body.len(), body.as_bytes())
    })
}

fn ask(server: &Server, cache: &Path) -> Run {
    originwatch([
        "search",
        "--collector",
        "rrc00",
        "--from",
        "2015-10-14T16:00:00Z",
        "--until",
        "2015-10-14T17:00:00Z",
        "--count",
        "--broker",
        &format!("http://{}/broker", server.address),
        "--cache",
        cache.to_str().unwrap(),
    ])
}

#[test]
fn the_broker_is_asked_page_by_page_and_files_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = broker(1003);
    let run = ask(&server, folder.path());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(run.stdout, format!("{}\n", 1003 * PLAIN_LINES));
    let asked = server.requests.lock().unwrap().len();
    assert_eq!(asked, 2 + 1003);
    let first = server.requests.lock().unwrap()[0].clone();
    let question = "GET /broker/search?ts_start=1444837500&ts_end=1444842000&collector_id=rrc00\
                    &data_type=updates&page_size=1000&page=1 ";
    assert!(first.starts_with(question), "{first}");
    // The second time, the broker is asked and nothing is fetched.
    assert_eq!(ask(&server, folder.path()).stdout, run.stdout);
    assert_eq!(server.requests.lock().unwrap().len(), asked + 2);
}

#[test]
fn what_the_broker_complains_about_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let body = br#"{"SearchError":"no such collector"}"#;
    let server = serve(|_| response("400 Bad Request", "", body.len(), body));
    let run = ask(&server, folder.path());
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.ends_with("the broker says: no such collector\n"), "{}", run.stderr);
    let nothing = ask(&broker(0), folder.path());
    assert!(nothing.stderr.contains("the broker knows no file of rrc00"), "{}", nothing.stderr);
    let timeless = search(["--collector", "rrc00"]);
    assert_eq!(timeless.code, Some(2));
    assert!(
        timeless.stderr.contains("--collector needs --from and --until"),
        "{}",
        timeless.stderr
    );
}

#[test]
fn the_config_says_where_the_archive_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = broker(3);
    let config = folder.path().join("originwatch.toml");
    let text = format!(
        "[operator]\nname = \"Example\"\nasns = [64500]\n\
         [archive]\nbroker = \"http://{}/broker\"\ncache = \"cache\"\n",
        server.address
    );
    fs::write(&config, text).unwrap();
    let span = ["--from", "2015-10-14T16:00:00Z", "--until", "2015-10-14T17:00:00Z"];
    let asked = ["search", "--count", "--collector", "rrc00", "-c", config.to_str().unwrap()];
    let run = originwatch(asked.into_iter().chain(span));
    let hits = format!("{}\n", 3 * PLAIN_LINES);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), hits.as_str(), ""));
    assert_eq!(fs::read_dir(folder.path().join("cache")).unwrap().count(), 3);
}
