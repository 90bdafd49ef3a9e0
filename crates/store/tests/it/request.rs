//! Requests of others: done once, whatever happens to the one who does them.

use alerter::dispatch::{Action, Command};
use incidents::IncidentId;
use store::{Answer, IncidentCount, Journal, Request, StoreClient, StoreError};

use crate::journal::{Folder, open, play};
use crate::lab::at;

fn command(action: Action) -> Request {
    Request::Command(Command { by: "alice".into(), action })
}

fn note(incident: &IncidentId) -> Request {
    command(Action::Note { incident: incident.clone(), text: "called them".into() })
}

/// A store with incidents in it, and the name of the latest.
fn told(name: &str) -> (Folder, IncidentId) {
    let folder = Folder::new(name);
    play(&folder.store());
    let client = StoreClient::open(&folder.store()).unwrap();
    let latest = client.incidents(true).unwrap().swap_remove(0);
    (folder, latest.summary.incident)
}

fn notes(folder: &Folder, incident: &IncidentId) -> usize {
    let client = StoreClient::open(&folder.store()).unwrap();
    let named = client.named(incident.as_str()).unwrap();
    named[0].annotations.notes.len()
}

#[test]
fn a_crash_between_request_and_commit_does_nothing_twice() {
    let (folder, incident) = told("requests");
    let client = StoreClient::open(&folder.store()).unwrap();
    assert!(!client.is_attended().unwrap());
    let number = client.ask(at(0), &note(&incident)).unwrap();
    let mut crashed = open(&folder.store()).unwrap();
    assert!(client.is_attended().unwrap());
    assert_eq!(crashed.take_requests(at(170_000), at(170_000)).unwrap(), 1);
    drop(crashed);
    assert_eq!(client.answer(number).unwrap(), None);
    let take = |journal: &mut Journal| journal.take_requests(at(170_000), at(170_000)).unwrap();
    let mut journal = open(&folder.store()).unwrap();
    assert_eq!(take(&mut journal), 1);
    journal.commit(at(1_000_000)).unwrap();
    assert_eq!(client.answer(number).unwrap(), Some(Answer::Done));
    // Killed after the commit: what came of it is folded again, the request is not.
    drop(journal);
    let mut journal = open(&folder.store()).unwrap();
    assert_eq!(take(&mut journal), 0);
    journal.close(at(1_000_000)).unwrap();
    assert_eq!(notes(&folder, &incident), 1);
}

#[test]
fn what_cannot_be_done_is_answered_and_holds_nothing_up() {
    let (folder, incident) = told("refusals");
    let client = StoreClient::open(&folder.store()).unwrap();
    let unknown: IncidentId = serde_json::from_str("\"OW-19990101-AS1-0000\"").unwrap();
    let refused = client.ask(at(0), &command(Action::Acknowledge { incident: unknown })).unwrap();
    let done = client.ask(at(0), &note(&incident)).unwrap();
    let connection = rusqlite::Connection::open(folder.store()).unwrap();
    connection.execute("INSERT INTO request (at, request) VALUES (0, '{}')", []).unwrap();
    let garbage = connection.last_insert_rowid();
    let mut journal = open(&folder.store()).unwrap();
    assert_eq!(journal.take_requests(at(170_000), at(170_000)).unwrap(), 3);
    journal.close(at(1_000_000)).unwrap();
    let text = "there is no incident OW-19990101-AS1-0000 that can still change";
    assert_eq!(client.answer(refused).unwrap(), Some(Answer::Refused(text.into())));
    assert_eq!(client.answer(done).unwrap(), Some(Answer::Done));
    let answer = client.answer(garbage).unwrap();
    assert!(matches!(&answer, Some(Answer::Refused(why)) if why.contains("cannot be read")));
}

#[test]
fn a_visitor_neither_makes_nor_changes_a_store() {
    let folder = Folder::new("client");
    assert!(matches!(StoreClient::open(&folder.store()), Err(StoreError::Sqlite(_))));
    assert!(!folder.store().exists());
    let connection = rusqlite::Connection::open(folder.store()).unwrap();
    connection.execute("CREATE TABLE theirs (x)", []).unwrap();
    assert!(matches!(StoreClient::open(&folder.store()), Err(StoreError::Foreign)));
}

#[test]
fn counts_are_those_of_the_incidents_that_are_not_over() {
    let (folder, _) = told("counts");
    let client = StoreClient::open(&folder.store()).unwrap();
    let open = client.incidents(false).unwrap();
    let counts = client.incident_counts().unwrap();
    assert_eq!(counts.iter().map(|it| it.count).sum::<u64>(), open.len() as u64);
    for IncidentCount { kind, severity, state, count } in counts {
        let alike = open.iter().filter(|incident| {
            let of = incident.severity.map(|severity| severity.to_string()).unwrap_or_default();
            (incident.kind.name(), of, incident.state.name()) == (&kind, severity.clone(), &state)
        });
        assert_eq!(alike.count() as u64, count, "{kind} {severity} {state}");
    }
}
