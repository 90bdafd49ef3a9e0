//! What it reads from on this machine: many files, growing ones, damaged ones, folders, pipes.

use std::fs::{self, File};
use std::io::Write as _;
use std::process::Command;
use std::thread;

use super::{PLAIN, RIB, UPDATES, lines, name, search, unpacked};
use crate::play::{self, root};
use fixtures::real::recording;

#[test]
fn files_are_merged_by_time_and_in_themselves_keep_their_order() {
    let (one, other) = (
        name(UPDATES),
        name("mrt/CAIDA+libbgpstream/routeviews.route-views.jinx.updates.1401493500.bz2"),
    );
    let run = search([&other, &one]);
    assert_eq!(
        run.stdout,
        lines(UPDATES)
            + &lines("mrt/CAIDA+libbgpstream/routeviews.route-views.jinx.updates.1401493500.bz2")
    );
    // The same file under two names: every second is followed by the same second of the other.
    let folder = tempfile::tempdir().unwrap();
    for copy in ["a", "b"] {
        fs::write(folder.path().join(copy), unpacked(UPDATES)).unwrap();
    }
    let run = search([folder.path().to_str().unwrap()]);
    let times: Vec<u64> =
        run.stdout.lines().map(|line| line.split('|').nth(1).unwrap().parse().unwrap()).collect();
    assert_eq!(times.len(), 2 * 3833);
    assert!(times.is_sorted());
}

#[test]
fn standard_input_and_a_fifo_are_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // Read before there is anybody who waits for it.
    let rib = fs::read(recording(RIB)).unwrap();
    let to = fifo.clone();
    thread::spawn(move || fs::write(to, rib));
    let run = search(["--count", fifo.to_str().unwrap()]);
    assert_eq!(run.stdout, "503590\n");
    let mut command = Command::new(env!("CARGO_BIN_EXE_originwatch"));
    let run =
        play::run(command.args(["search", "-"]).stdin(File::open(recording(UPDATES)).unwrap()));
    assert_eq!(run.stdout, lines(UPDATES));
}

/// Somebody is still writing: what is whole is found, and the cut is told.
#[test]
fn of_a_growing_file_all_that_is_there_is_read() {
    let whole = unpacked(UPDATES);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let run = search([path.to_str().unwrap()]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("file ends within a record"), "{}", run.stderr);
    assert!(lines(UPDATES).starts_with(&run.stdout) && !run.stdout.is_empty());
    let mut file = File::options().append(true).open(&path).unwrap();
    file.write_all(&whole[whole.len() / 2..]).unwrap();
    assert_eq!(search([path.to_str().unwrap()]).stdout, lines(UPDATES));
}

#[test]
fn damage_is_shown_with_the_octets_around() {
    let mut bytes = unpacked(PLAIN);
    let length = bytes.len();
    bytes.truncate(length - 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    fs::write(&path, bytes).unwrap();
    let run = search(["--explain-errors", "--count", path.to_str().unwrap()]);
    let told: Vec<_> = run.stderr.lines().collect();
    assert!(
        told[0].ends_with("record 90 at byte 6570: file ends within a record, that record is lost"),
        "{told:?}"
    );
    assert!(told.iter().any(|line| line.starts_with("  > 000019aa ")), "{told:?}");
}

#[test]
fn of_many_damages_a_few_are_told_and_how_to_see_the_others() {
    // A session with ADD-PATH whose records do not say so.
    let file = name("mrt/t2mune+mrtparse/bird_bgp_h1");
    let run = search(["--count", &file]);
    let told: Vec<_> = run.stderr.lines().collect();
    let more = format!("{file}: 28 more damaged places, which --explain-errors shows");
    assert_eq!((told.len(), told[5]), (6, more.as_str()));
    let run = search(["--count", "--explain-errors", &file]);
    assert_eq!(run.stderr.matches("prefixes are malformed, their routes are lost").count(), 5 + 28);
}

/// Two tables in one file: bgpscanner and bgpreader stop at the second, bgpdump, bgpgrep and
/// bgpkit-parser read on, and so do we.
#[test]
fn a_second_peer_index_table_is_read_on() {
    let table = unpacked("mrt/t2mune+mrtparse/quagga_rib");
    let other = unpacked("mrt/t2mune+mrtparse/quagga_rib_h1");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two");
    fs::write(&path, [table, other].concat()).unwrap();
    let run = search([path.to_str().unwrap()]);
    let expected =
        lines("mrt/t2mune+mrtparse/quagga_rib") + &lines("mrt/t2mune+mrtparse/quagga_rib_h1");
    assert_eq!((run.code, run.stdout), (Some(0), expected));
}

#[test]
fn a_folder_of_mixed_files_is_searched() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(recording(UPDATES), folder.path().join("updates.gz")).unwrap();
    fs::copy(recording(PLAIN), folder.path().join("quagga")).unwrap();
    fs::copy(root().join("README.md"), folder.path().join("README.md")).unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    let run = search(["--count", folder.path().to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "3932\n", ""));
}

#[test]
fn ten_thousand_files_need_few_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = unpacked("mrt/t2mune+mrtparse/quagga_rib_h1");
    for number in 0..10_000_u32 {
        let mut moved = bytes.clone();
        let mut at = 0;
        while at < moved.len() {
            let length = u32::from_be_bytes(moved[at + 8..at + 12].try_into().unwrap());
            moved[at..at + 4].copy_from_slice(&(1_400_000_000 + number).to_be_bytes());
            at += 12 + length as usize;
        }
        fs::write(folder.path().join(format!("{number}")), moved).unwrap();
    }
    let script = "ulimit -n 200; exec \"$0\" search \"$@\"";
    let search = |arguments: &[&str]| {
        let mut command = Command::new("sh");
        command.args(["-c", script, env!("CARGO_BIN_EXE_originwatch")]).args(arguments);
        let run = play::run(command.arg(folder.path()));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stdout
    };
    assert_eq!(search(&["--count"]), "90000\n");
    let lines = search(&[]);
    let times = lines.lines().map(|line| line.split('|').nth(1).unwrap().parse::<u32>().unwrap());
    let expected = (0..10_000).flat_map(|number| [1_400_000_000 + number; 9]);
    assert!(times.eq(expected));
}

/// The most that a search of a few hundred megabytes takes, as the kernel counts it.
#[test]
fn memory_does_not_depend_on_the_size_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.bz2");
    let mut file = File::create(&path).unwrap();
    let rib = fs::read(recording(RIB)).unwrap();
    for _ in 0..8 {
        file.write_all(&rib).unwrap();
    }
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M", env!("CARGO_BIN_EXE_originwatch"), "search", "--count"]);
    let run = play::run(command.arg(&path));
    assert_eq!(run.stdout, "4028720\n");
    let kibibytes: u64 = run.stderr.trim().parse().unwrap();
    assert!(kibibytes < 64 << 10, "{kibibytes} KiB");
}
