//! The reconstruction of 2 April 2014 in `data/`: one story, from the first sight to the second end.

use std::fs;
use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

use crate::play::{assert_golden, notices, originwatch, root};

#[expect(dead_code, reason = "its main is for `cargo run --example`")]
#[path = "../crates/monitor/examples/make_indosat/main.rs"]
mod make_indosat;

const CONFIG: &str = "data/indosat-2014/originwatch.toml";
const FOLDER: &str = "data/indosat-2014";

#[test]
fn the_files_are_what_the_generator_writes() {
    let written = tempfile::tempdir().unwrap();
    make_indosat::write(written.path()).unwrap();
    let mut shipped = contents(&root().join(FOLDER));
    shipped.retain(|(name, _)| name != "originwatch.toml");
    let written = contents(written.path());
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&shipped), names(&written));
    for ((name, shipped), (_, written)) in shipped.iter().zip(&written) {
        assert!(shipped == written, "{name} is not what the generator writes");
    }
}

/// The files of a folder in order of their names; unpacked, since another version of the compressor
/// may write other bytes.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        let bytes = fs::read(entry.path()).unwrap();
        if !name.ends_with(".gz") {
            return (name, bytes);
        }
        assert_eq!(bytes[3..8], [0; 5], "{name}: no flags and no time in the header");
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
        (name, plain)
    };
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| read(entry.unwrap())).collect();
    files.sort();
    files
}

#[test]
fn it_is_one_incident_that_opens_resolves_and_repeats() {
    let run = originwatch(["replay", "--format", "json", "-c", CONFIG, FOLDER]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let notices = notices(&run.stdout);

    let course: Vec<_> =
        notices.iter().map(|n| (n["reason"].clone(), n["state"].clone())).collect();
    let expected = [
        ("opened", "open"),
        ("update", "open"),
        ("update", "open"),
        ("resolved", "resolved"),
        ("reopened", "open"),
        ("update", "open"),
        ("resolved", "resolved"),
    ];
    assert_eq!(course, expected.map(|(reason, state)| (json!(reason), json!(state))));

    let id = notices[0]["incident"].as_str().unwrap();
    for (sequence, notice) in notices.iter().enumerate() {
        assert_eq!(
            in_short(notice),
            json!({
                "incident": id,
                "sequence": sequence,
                "message_id": format!("<{id}.{sequence}@originwatch>"),
                "kind": "origin-hijack",
                "severity": "critical",
                "offenders": [4761],
                "announced": ["198.18.0.0/21", "198.18.8.0/21"],
                "accepted_by": [[4651, 1.0]],
                "extent": "mass",
                "home": { "country": "GB", "holding": 0, "total": 4 },
            })
        );
    }
    let whole: Value = notices.into();
    assert_golden("indosat/notices.json", &format!("{whole:#}\n"));
}

/// Nobody says whose the space of others is but the table of the afternoon.
#[test]
fn without_rpki_what_others_originated_before_tells_that_it_is_mass() {
    let place = tempfile::tempdir().unwrap();
    let config = fs::read_to_string(root().join(CONFIG)).unwrap();
    let config = config.replace("[rpki]\nsources = [{ json = \"vrps.json\" }]\n", "");
    assert!(!config.contains("rpki"));
    fs::write(place.path().join("originwatch.toml"), config).unwrap();
    let names = root().join(FOLDER).join("as-names.csv");
    fs::copy(names, place.path().join("as-names.csv")).unwrap();
    let config = place.path().join("originwatch.toml");
    let replay = |threads| {
        let words = ["replay", "--threads", threads, "--format", "json", "-c"];
        let run = originwatch(words.into_iter().chain([config.to_str().unwrap(), FOLDER]));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        notices(&run.stdout)
    };
    let told = replay("1");
    assert_eq!(told.len(), 7);
    for notice in &told {
        assert_eq!(notice["extent"]["class"], "mass");
        assert_eq!(notice["extent"]["usual"], 0);
        assert!(notice["extent"]["origins"].as_u64().unwrap() > 100, "{}", notice["extent"]);
    }
    assert_eq!(told, replay("4"));
}

fn in_short(notice: &Value) -> Value {
    let list = |name: &str| notice[name].as_array().unwrap().iter();
    json!({
        "incident": notice["incident"],
        "sequence": notice["sequence"],
        "message_id": notice["message_id"],
        "kind": notice["kind"],
        "severity": notice["severity"],
        "offenders": list("offenders").map(|party| &party["asn"]).collect::<Vec<_>>(),
        "announced": list("prefixes").map(|prefix| &prefix["announced"]).collect::<Vec<_>>(),
        "accepted_by": list("accepted_by").map(|a| json!([a["asn"], a["share"]])).collect::<Vec<_>>(),
        "extent": notice["extent"]["class"],
        "home": notice["vantage"]["home"],
    })
}

#[test]
fn the_mails_are_one_thread() {
    let folder = tempfile::tempdir().unwrap();
    let eml = folder.path().join("mails");
    let run = originwatch(["replay", "-c", CONFIG, FOLDER, "--eml", eml.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);

    let mails: Vec<_> = contents(&eml)
        .into_iter()
        .map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap()))
        .collect();
    let heads = mails.iter().map(|(name, mail)| format!("{name}\r\n{}", head(mail)));
    assert_golden("indosat/mail-headers.txt", &heads.collect::<Vec<_>>().join("\r\n\r\n"));
    assert_golden("indosat/opened.eml", &mails[0].1);

    let first = header(&mails[0].1, "Message-ID").unwrap();
    for (name, mail) in &mails[1..] {
        assert_eq!(header(mail, "In-Reply-To"), Some(first), "{name}");
        assert_eq!(header(mail, "References"), Some(first), "{name}");
    }
}

fn head(mail: &str) -> &str {
    mail.split("\r\n\r\n").next().unwrap()
}

fn header<'a>(mail: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head(mail).lines().filter_map(|line| line.split_once(": "));
    fields.find(|(other, _)| *other == name).map(|(_, value)| value)
}

/// What the README promises is what happens.
#[test]
fn the_command_of_the_readme_prints_what_the_readme_shows() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let command =
        readme.lines().find_map(|line| line.trim().strip_prefix("cargo run --release -- "));
    let run = originwatch(command.unwrap().split(' '));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_golden("indosat/replay.txt", &run.stdout);

    let shown = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    for part in shown.split("[..]\n") {
        assert!(run.stdout.contains(part), "the README shows what is not printed:\n{part}");
    }
}

/// CI runs the commands of the README, letter by letter.
#[test]
fn ci_runs_the_commands_of_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
    let commands: Vec<_> =
        readme.lines().filter_map(|line| line.strip_prefix("    cargo ")).take(2).collect();
    assert_eq!(commands.len(), 2);
    for command in commands {
        let command = format!("cargo {command}");
        assert!(ci.lines().any(|line| line.trim().starts_with(&command)), "{command}");
    }
}
