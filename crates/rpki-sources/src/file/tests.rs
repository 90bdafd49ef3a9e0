use super::*;

/// Long ago, so that the file counts as settled.
fn age(path: &Path, seconds: u64) {
    let then = SystemTime::now() - Duration::from_secs(seconds);
    File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

fn folder_with(content: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, content).unwrap();
    (folder, path)
}

/// What is read, as text; none if it is as before.
fn look(watched: &mut Watched) -> Option<String> {
    watched.read_if_changed().unwrap().map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn a_file_is_read_when_its_content_changes() {
    let (_folder, path) = folder_with("one");
    let mut watched = Watched::new(path.clone());
    assert_eq!(look(&mut watched), Some("one".to_owned()));
    assert_eq!(look(&mut watched), None);
    // Within the same tick and of the same length.
    fs::write(&path, "two").unwrap();
    assert_eq!(look(&mut watched), Some("two".to_owned()));
    age(&path, 1000);
    assert_eq!(look(&mut watched), None);
    // Settled: neither time nor length says anything, so it is not even opened.
    fs::write(&path, "six").unwrap();
    age(&path, 1000);
    let stamp = watched.stamp;
    watched.stamp = Some(Stamp::of(&path).unwrap());
    assert_eq!(look(&mut watched), None);
    watched.stamp = stamp;
    age(&path, 900);
    assert_eq!(look(&mut watched), Some("six".to_owned()));
}

#[test]
fn a_file_that_was_gone_is_read_anew() {
    let (_folder, path) = folder_with("one");
    let mut watched = Watched::new(path.clone());
    assert_eq!(look(&mut watched), Some("one".to_owned()));
    fs::remove_file(&path).unwrap();
    let error = watched.read_if_changed().unwrap_err().to_string();
    assert!(error.starts_with("cannot read it: No such file"), "{error}");
    fs::write(&path, "one").unwrap();
    assert_eq!(look(&mut watched), Some("one".to_owned()));
}

#[test]
fn a_folder_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = Watched::new(folder.path().to_owned()).read_if_changed().unwrap_err();
    assert!(error.to_string().starts_with("cannot read it: Is a directory"), "{error}");
}

#[test]
fn what_never_ends_is_refused_at_the_limit() {
    let error = read(io::repeat(b' '), 1 << 20).unwrap_err();
    assert_eq!(error.to_string(), "more than 1 MiB: no VRP file is that large");
    assert_eq!(read(io::repeat(b' ').take(1 << 20), 1 << 20).unwrap().len(), 1 << 20);
}
