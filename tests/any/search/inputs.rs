//! What it reads from on this machine: many files, growing ones, damaged ones, folders, pipes.

use std::fs::{self, File};
use std::io::Write as _;
use std::process::Command;
use std::thread;

use crate::play::search::{lines, name, search, unpacked};
use crate::play::{self, root};
use crate::recordings::{
    self, DAMAGED, LARGE, LATER_UPDATES, MANY, PLAIN, PLAIN_END, PLAIN_LINES, RIB, RIB_LINES,
    TABLES, UPDATES, UPDATES_LINES,
};

#[test]
fn files_are_merged_by_time_and_in_themselves_keep_their_order() {
    let run = search([&name(LATER_UPDATES), &name(UPDATES)]);
    assert_eq!(run.stdout, lines(UPDATES) + &lines(LATER_UPDATES));
    // The same file under two names: every second is followed by the same second of the other.
    let folder = tempfile::tempdir().unwrap();
    for copy in ["a", "b"] {
        fs::write(folder.path().join(copy), unpacked(UPDATES)).unwrap();
    }
    let run = search([folder.path().to_str().unwrap()]);
    let times: Vec<f64> =
        run.stdout.lines().map(|line| line.split('|').nth(1).unwrap().parse().unwrap()).collect();
    assert_eq!(times.len(), 2 * UPDATES_LINES);
    assert!(times.is_sorted());
}

#[test]
fn standard_input_and_a_fifo_are_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // Read before there is anybody who waits for it.
    let rib = fs::read(recordings::path(RIB)).unwrap();
    let to = fifo.clone();
    thread::spawn(move || fs::write(to, rib));
    let run = search(["--count", fifo.to_str().unwrap()]);
    assert_eq!(run.stdout, format!("{RIB_LINES}\n"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_originwatch"));
    let updates = File::open(recordings::path(UPDATES)).unwrap();
    let run = play::run(command.args(["search", "-"]).stdin(updates));
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
    let (record, byte) = PLAIN_END;
    let cut =
        format!("record {record} at byte {byte}: file ends within a record, that record is lost");
    assert!(told[0].ends_with(&cut), "{told:?}");
    assert!(told.iter().any(|line| line.starts_with(&format!("  > {byte:08x} "))), "{told:?}");
}

#[test]
fn of_many_damages_a_few_are_told_and_how_to_see_the_others() {
    // A session with ADD-PATH whose records do not say so.
    let (file, damages) = (name(DAMAGED.0), DAMAGED.1);
    let run = search(["--count", &file]);
    let told: Vec<_> = run.stderr.lines().collect();
    let more = format!("{file}: {} more damaged places, which --explain-errors shows", damages - 5);
    assert_eq!((told.len(), told[5]), (6, more.as_str()));
    let run = search(["--count", "--explain-errors", &file]);
    let malformed = "prefixes are malformed, their routes are lost";
    assert_eq!(run.stderr.matches(malformed).count(), damages);
}

/// Two tables in one file: bgpscanner and bgpreader stop at the second, bgpdump, bgpgrep and
/// bgpkit-parser read on, and so do we.
#[test]
fn a_second_peer_index_table_is_read_on() {
    let [table, other] = TABLES.map(unpacked);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two");
    fs::write(&path, [table, other].concat()).unwrap();
    let run = search([path.to_str().unwrap()]);
    let expected = TABLES.map(lines).concat();
    assert_eq!((run.code, run.stdout), (Some(0), expected));
}

#[test]
fn a_folder_of_mixed_files_is_searched() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(recordings::path(UPDATES), folder.path().join("updates.gz")).unwrap();
    fs::copy(recordings::path(PLAIN), folder.path().join("quagga")).unwrap();
    fs::copy(root().join("README.md"), folder.path().join("README.md")).unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    let run = search(["--count", folder.path().to_str().unwrap()]);
    let all = format!("{}\n", UPDATES_LINES + PLAIN_LINES);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), all.as_str(), ""));
}

#[test]
fn many_files_need_few_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = unpacked(TABLES[1]);
    let routes = lines(TABLES[1]).lines().count();
    for number in 0..MANY {
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
    assert_eq!(search(&["--count"]), format!("{}\n", MANY as usize * routes));
    let lines = search(&[]);
    let times = lines.lines().map(|line| line.split('|').nth(1).unwrap().parse::<u32>().unwrap());
    let expected = (0..MANY).flat_map(|number| vec![1_400_000_000 + number; routes]);
    assert!(times.eq(expected));
}

/// The most that a search of many megabytes takes, as the kernel counts it.
#[test]
fn memory_does_not_depend_on_the_size_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    let mut file = File::create(&path).unwrap();
    let rib = fs::read(recordings::path(LARGE.0)).unwrap();
    for _ in 0..LARGE.1 {
        file.write_all(&rib).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_originwatch"));
    command.args(["search", "--count"]).arg(&path);
    let (run, kibibytes) = play::peak_memory(&mut command);
    let hits = lines(LARGE.0).lines().count() * LARGE.1;
    assert_eq!((run.code, run.stdout), (Some(0), format!("{hits}\n")));
    assert!(kibibytes < 64 << 10, "{kibibytes} KiB");
}
