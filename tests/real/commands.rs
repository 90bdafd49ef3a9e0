//! Commands on what the field wrote: a RIB, the whole of RPKI, recordings that are cut.

use std::fs;

use fixtures::real::recording;

use crate::play::{assert_golden, originwatch, originwatch_reading};

const RIB: &str = "mrt/CAIDA+libbgpstream/routeviews.route-views.jinx.ribs.1401487200.bz2";
const REPLAY: [&str; 4] =
    ["replay", "-c", "data/indosat-2014/originwatch.toml", "data/indosat-2014"];

/// The RIB of 2014: AS42334 announces, among others, 62.84.64.0/19.
#[test]
fn our_routes_come_out_of_a_rib() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let vrps = write(
        "vrps.json",
        r#"{"roas":[{"asn":64500,"prefix":"198.18.0.0/21","maxLength":24},
            {"asn":64500,"prefix":"198.18.8.0/21","maxLength":21},
            {"asn":64999,"prefix":"192.0.2.0/24","maxLength":24}]}"#,
    );
    let cover = write("cover.json", r#"{"roas":[{"asn":1,"prefix":"62.84.64.0/19"}]}"#);
    let rib = recording(RIB);
    let ours = ["--origin", "AS42334", "--prefix", "62.84.64.0/19", "--rib", rib.to_str().unwrap()];
    let files = ["whatif", "--vrps", &vrps, "--change", &cover];
    let run = originwatch(files.iter().chain(&ours));
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    let told = "62.84.64.0/19 AS42334 becomes invalid (as), was not-found\n";
    assert!(run.stdout.starts_with(told), "{}", run.stdout);
}

/// The whole of RPKI as rpki-client wrote it on 2025-07-20; see the README of the data.
#[test]
fn the_723521_vrps_of_july_2025_answer() {
    let vrps = recording("vrp/jeffsw+rpkilog/rpkiclient_summary_20250720T093135Z.json.bz2");
    let run = originwatch_reading(
        ["validate", "--vrps", vrps.to_str().unwrap(), "--at", "2025-07-20T09:31:35Z", "-"],
        "1.1.1.0/24 AS13335\n1.1.1.0/24 AS4761\n8.8.8.0/25 AS15169\n10.0.0.0/8 AS64500\n193.0.0.0/21 AS3333\n",
    );
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_golden("validate/july-2025.txt", &run.stdout);
}

#[test]
fn of_a_truncated_record_the_cut_is_told() {
    let whole = fs::read(recording("mrt/t2mune+mrtparse/quagga_bgp")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.mrt");
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let watch = ["replay", "--prefix", "198.18.0.0/20", "--origin", "64500"];
    let run = originwatch(watch.iter().chain([&path.to_str().unwrap()]));
    assert_eq!(run.code, Some(1));
    let folder = format!("{}/", folder.path().display());
    let lines = run.stderr.lines().take_while(|line| !line.starts_with("read "));
    assert_eq!(
        lines.map(|line| line.replace(&folder, "")).collect::<Vec<_>>(),
        ["cut.mrt: record 90 at byte 6570: file ends within a record, that record is lost"]
    );
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let rib = recording("mrt/hadiasghari+pyasn/rib.20140523.0600_firstMB.bz2");
    let updates = recording("mrt/CAIDA+libbgpstream/updates.example.bz2");
    let search =
        ["search", "--prefix", "176.124.64.0/24", rib.to_str().unwrap(), updates.to_str().unwrap()];
    for command in [&REPLAY[..], &search] {
        let run = originwatch(command);
        assert!(!run.stdout.is_empty());
        for threads in ["1", "7"] {
            let with = originwatch(command.iter().chain(&["--threads", threads]));
            assert_eq!((with.code, &with.stdout), (run.code, &run.stdout), "{threads}");
        }
    }
}
