//! `--from`: what was recorded before it is what holds at the beginning, be it messages or a table.

use std::fs;

use serde_json::Value;

use super::{config_with, line};
use crate::play::ris_live::announce;
use crate::play::tables::{TABLE, table};
use crate::play::{notices, originwatch, web};

/// What stands at the beginning is told then, and what was over by then is not.
#[test]
fn what_was_recorded_before_the_beginning_is_state() {
    let folder = tempfile::tempdir().unwrap();
    let other = |second, peer| line(second, peer).replace("4761]", "4762]");
    let right = |second, peer| line(second, peer).replace("4761]", "64500]");
    let before = [line(0, 1), line(5, 2), other(6, 3), other(7, 4), right(10, 3), right(11, 4)];
    let after = [right(80, 3), right(90, 1)];
    fs::write(folder.path().join("a.json"), before.concat() + &after.concat()).unwrap();
    let replay = |from: &str| {
        let watch =
            ["replay", "--format", "json", "--prefix", "198.18.0.0/21", "--origin", "64500"];
        let path = folder.path().to_str().unwrap();
        let run = originwatch(watch.into_iter().chain(["--from", from, path]));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        notices(&run.stdout)
    };
    let from = "2014-04-02T18:27:00Z";
    let told = replay(from);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["reason"], &told[0]["at"]), (&"opened".into(), &from.into()));
    assert_eq!(told[0]["first_seen"], "2014-04-02T18:26:00Z");
    assert_eq!(told[0]["offenders"][0]["asn"], 4761);
    assert_eq!(told[0]["vantage"]["holding"], 2);
    // Nothing comes after this one, and the first vantage point is back by then.
    assert_eq!(replay("2014-04-02T18:40:00Z"), Vec::<Value>::new());
}

const THREE: i64 = 1_396_407_600; // 2014-04-02T03:00:00Z

/// A broker with a table of two o'clock and messages that begin a quarter to three.
fn night() -> web::Server {
    let updates = [
        announce(THREE - 600, 2, "198.18.0.0/21", &[102, 64510, 64500]),
        announce(THREE - 300, 6, "198.18.0.0/21", &[106, 4651, 4761]),
        announce(THREE + 100, 6, "198.18.0.0/21", &[106, 64510, 64500]),
    ];
    web::serve(move |request| {
        let target = request.split(' ').nth(1).unwrap();
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let item = |name: &str, from: &str, until: &str| {
            format!(
                r#"{{"data":[{{"ts_start":"2014-04-02T{from}","ts_end":"2014-04-02T{until}","collector_id":"rrc21","data_type":"x","url":"http://{host}/rrc21/{name}","rough_size":1,"exact_size":0}}]}}"#
            )
        };
        let body = match target {
            "/rrc21/rib" => table(THREE - 3600, TABLE),
            "/rrc21/updates" => (updates.join("\n") + "\n").into_bytes(),
            _ if target.contains("rrc22") => br#"{"data":[]}"#.to_vec(),
            _ if target.contains("data_type=rib") => item("rib", "02:00:00", "02:00:00").into(),
            _ => item("updates", "02:45:00", "03:15:00").into(),
        };
        web::response("200 OK", "", body.len(), &body)
    })
}

#[test]
fn a_collector_is_read_from_its_last_table_on() {
    let server = night();
    let archive = format!(
        "[archive]\nbroker = \"http://{}\"\ncache = \"cache\"\n\n[incident]",
        server.address
    );
    let (folder, config) = config_with("[incident]", &archive);
    let replay = |collector| {
        originwatch([
            "replay",
            "--format",
            "json",
            "-c",
            config.to_str().unwrap(),
            "--collector",
            collector,
            "--from",
            "2014-04-02T03:00:00Z",
            "--until",
            "2014-04-02T03:15:00Z",
        ])
    };
    let run = replay("rrc21");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told = notices(&run.stdout);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["at"], &told[0]["reason"]),
        (&"2014-04-02T03:00:00Z".into(), &"opened".into())
    );
    assert_eq!(told[0]["first_seen"], "2014-04-02T02:00:00Z");
    // Of two that had it one was back, another had come; and whoever stands in both counts once.
    let vantage = &told[0]["vantage"];
    assert_eq!((&vantage["holding"], &vantage["total"]), (&2.into(), &6.into()));
    let asked: Vec<_> =
        server.requests.lock().unwrap().iter().map(|it| it[..60].to_owned()).collect();
    let since = |at: i64, until: i64| format!("GET /search?ts_start={}&ts_end={until}&", at - 900);
    assert!(asked[0].starts_with(&since(THREE - 86_400, THREE)), "{asked:?}");
    assert!(asked[1].starts_with(&since(THREE - 3600, THREE + 900)), "{asked:?}");
    assert_eq!(asked.len(), 4);
    assert_eq!(fs::read_dir(folder.path().join("cache")).unwrap().count(), 2);
    let run = replay("rrc22");
    assert_eq!(run.code, Some(3));
    assert!(
        run.stderr.ends_with(
            "the broker knows no file of rrc22 from 2014-04-02T03:00:00Z to 2014-04-02T03:15:00Z\n"
        ),
        "{}",
        run.stderr
    );
}
