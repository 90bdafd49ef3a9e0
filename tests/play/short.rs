//! What a replay tells, in a line each.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{notices, originwatch};

/// Replays inputs with a config in this folder, and returns what its notices tell, in short.
pub(crate) fn replay_in_short(folder: &Path, config: &str, inputs: Vec<PathBuf>) -> Vec<String> {
    let path = folder.join("originwatch.toml");
    fs::write(&path, format!("[operator]\nname = \"Test\"\n{config}\n")).unwrap();
    let mut arguments: Vec<PathBuf> =
        ["replay", "--format", "json", "-c"].map(PathBuf::from).into();
    arguments.push(path);
    arguments.extend(inputs);
    let run = originwatch(arguments);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    notices(&run.stdout).iter().map(in_short).collect()
}

fn in_short(notice: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |name: &str| notice[name].as_array().unwrap().iter();
    let prefixes: Vec<_> = list("prefixes").map(|prefix| text(&prefix["announced"])).collect();
    let asns = |name| list(name).map(|party| format!("AS{}", party["asn"])).collect::<Vec<_>>();
    format!(
        "{} {}: {} of {} by {} via {}",
        text(&notice["incident"]),
        text(&notice["reason"]),
        text(&notice["kind"]),
        prefixes.join(" "),
        asns("offenders").join(" "),
        asns("accepted_by").join(" "),
    )
}
