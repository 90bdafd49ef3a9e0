//! What a session tells, one line an event.

use bgp::{Change, Observation, Timestamp};
use parser::bmp::{Config, Counters, Event, Session};
use parser::{ElementKind, Everything, Item, Step};

/// What reading a whole stream gives.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Story {
    pub(crate) lines: Vec<String>,
    pub(crate) times: Vec<Timestamp>,
    pub(crate) counters: Counters,
    pub(crate) end_of_rib: u64,
    pub(crate) damages: u64,
}

impl Story {
    pub(crate) fn of(stream: &[u8]) -> Self {
        Story::with(stream, Config::default(), None)
    }

    pub(crate) fn with(stream: &[u8], config: Config, received: Option<Timestamp>) -> Self {
        let mut session = Session::new(config);
        let mut story = Story::default();
        let (step, taken) =
            session.walk(stream, received, &Everything, &mut |event| story.add(&event));
        if let Step::More(_) = step {
            session.close(stream.len() - taken, &mut |event| story.add(&event));
        }
        story.counters = session.counters();
        story.end_of_rib = session.statistics().end_of_rib;
        story.damages = session.statistics().damaged.total();
        story
    }

    pub(crate) fn add(&mut self, event: &Event<'_>) {
        match event {
            Event::Item(Item::Element(element)) => self.times.push(element.at),
            Event::PeerUp { at, .. } | Event::PeerDown { at, .. } | Event::EndOfRib { at, .. } => {
                self.times.push(*at);
            }
            _ => (),
        }
        self.lines.push(line(event));
    }

    /// The lines that begin in one of these ways.
    pub(crate) fn those(&self, starts: &[&str]) -> Vec<&str> {
        let begins = |line: &&str| starts.iter().any(|start| line.starts_with(start));
        self.lines.iter().map(String::as_str).filter(begins).collect()
    }
}

fn line(event: &Event<'_>) -> String {
    match event {
        Event::Item(Item::Damage(damage)) => format!("damage {damage}"),
        Event::Item(Item::Element(element)) => match (&element.kind, element.observation()) {
            (ElementKind::State { old, new }, _) => {
                format!("state {old} {new} {}", element.vantage)
            }
            (_, Some(observation)) => route(&observation),
            (kind, None) => panic!("{kind:?} is no observation"),
        },
        Event::Initiation { router, initiation } => {
            format!("initiation {router}: {}", initiation.sys_descr.as_deref().unwrap_or("-"))
        }
        Event::PeerUp { router, peer_up, .. } => {
            let (peer, sent, received) = (&peer_up.peer, &peer_up.sent, &peer_up.received);
            format!(
                "peer up {router} {:?} {} {} {}, {} to {}",
                peer.kind, peer.distinguisher, peer.address, peer.asn, sent.asn, received.asn
            )
        }
        Event::PeerDown { router, peer_down, .. } => {
            let peer = &peer_down.peer;
            format!("peer down {router} {} {}, {:?}", peer.address, peer.asn, peer_down.reason)
        }
        Event::EndOfRib { vantage, family, .. } => format!("end of rib {vantage}, {family:?}"),
        Event::VrfLeftOut { router, vrf } => format!("vrf left out {router} {}", vrf.distinguisher),
        Event::Termination { router, termination } => {
            format!("termination {router}: {termination:?}")
        }
    }
}

fn route(observation: &Observation) -> String {
    if observation.event == bgp::Event::Unreadable {
        return format!("unreadable {}", observation.vantage);
    }
    let bgp::Event::Route { prefix, path_id, change } = &observation.event else {
        panic!("{observation:?} is no route");
    };
    let key = match path_id {
        0 => format!("{} {prefix}", observation.vantage),
        id => format!("{} {prefix}#{id}", observation.vantage),
    };
    match change {
        Change::Withdraw => format!("withdraw {key}"),
        Change::Unreadable => format!("unreadable {key}"),
        Change::Announce(route) => {
            let origin = observation.origin().unwrap();
            format!("announce {key} [{}] {origin}", route.path)
        }
    }
}
