//! What the engine reads out of the bytes of a pipe, and what the end of a pipe means for what came
//! over it.

use std::sync::atomic::Ordering;

use bgp::{Family, Observation, Timestamp, Vantage};
use parser::{Element, ElementKind, Everything, Item, Step};
use validator::Finding;

use super::clock::{Moment, wall};
use super::doubt::Doubt;
use super::engine::{Engine, Flow};
use super::input::Decoder;
use super::{feed, log_damage};

impl Engine {
    /// A connection is gone: what its vantage points do from now on nobody tells. A router that has
    /// connected anew in the meantime is in doubt already, and tells its table now.
    pub(super) fn lose_sight(&mut self, decoder: &Decoder) {
        match decoder {
            Decoder::Bmp { router, .. } if !self.has_another(router) => {
                self.doubt.disconnected(router);
                self.doubt_those(|_, vantage| *vantage.collector == **router);
            }
            Decoder::RisLive(_) | Decoder::RisLiveHttp(_) => self.doubt_those(Doubt::is_public),
            Decoder::Table(_) => self.doubt.tables.end(),
            Decoder::Bmp { .. } | Decoder::Mrt { .. } | Decoder::Rib(_) => {}
        }
    }

    fn has_another(&self, router: &str) -> bool {
        let of = |flow: &Flow| matches!(&flow.decoder, Decoder::Bmp { router: name, .. } if name == router);
        self.flows.values().any(of)
    }

    pub(super) fn doubt_those(&mut self, which: impl Fn(&Doubt, &Vantage) -> bool) {
        let Some(now) = self.clock.now() else { return };
        let mut vantages = self.ledger.incidents().vantages();
        vantages.retain(|vantage| which(&self.doubt, vantage));
        for vantage in vantages {
            self.handle(now, Finding::Gap { at: now, vantage });
        }
    }

    /// These vantage points have told their whole table since they were in doubt.
    pub(super) fn settle(&mut self, which: impl Fn(&Vantage) -> bool, family: Option<Family>) {
        let Some(now) = self.clock.now() else { return };
        for vantage in self.ledger.incidents().vantages().into_iter().filter(|v| which(v)) {
            self.handle(now, Finding::Settled { at: now, vantage, family });
        }
    }

    pub(super) fn read(&mut self, flow: &mut Flow, bytes: &[u8], last: bool) {
        let mut rest = std::mem::take(&mut flow.rest);
        // Mostly nothing was left over, and then nothing needs to be copied.
        let whole = match rest.is_empty() {
            true => bytes,
            false => {
                rest.extend_from_slice(bytes);
                &rest
            }
        };
        let taken = match &mut flow.decoder {
            Decoder::Bmp { .. } => self.read_bmp(flow, whole, last),
            _ => self.read_records(flow, whole, last),
        };
        flow.rest = whole.get(taken..).unwrap_or_default().to_vec();
        flow.pulse.partial.store(!flow.rest.is_empty(), Ordering::Relaxed);
    }

    fn read_records(&mut self, flow: &mut Flow, bytes: &[u8], last: bool) -> usize {
        let name = self.sight.name(flow.feed).to_owned();
        let Flow { feed, decoder, damages, .. } = flow;
        let is_live = matches!(decoder, Decoder::RisLive(_) | Decoder::RisLiveHttp(_));
        let mut stamped = None;
        let mut table = None;
        let (walker, file, from) = match decoder {
            Decoder::Mrt { walker, key, file, from } => (walker, Some((key, file)), *from),
            Decoder::RisLive(walker) | Decoder::RisLiveHttp(walker) | Decoder::Rib(walker) => {
                (walker, None, 0)
            }
            Decoder::Table(it) => {
                table = Some(&mut it.told);
                (&mut it.walker, None, 0)
            }
            Decoder::Bmp { .. } => return bytes.len(),
        };
        let mut taken = 0;
        loop {
            let left = bytes.get(taken..).unwrap_or_default();
            let step = if walker.statistics().records < from {
                // It was taken in before; but what it says of its peers is needed.
                walker.step(left, last, &|_: bgp::Prefix| false, &mut |_| {})
            } else {
                walker.step(left, last, &Everything, &mut |item| match item {
                    Item::Element(element) => {
                        stamped = stamped.max(Some(element.at));
                        match &mut table {
                            Some(told) => self.recall(&element, told),
                            None => self.element(&element),
                        }
                    }
                    Item::Damage(damage) => log_damage(&name, damages, damage),
                })
            };
            match step {
                Step::Read(octets) => taken += octets,
                Step::More(_) => break,
                Step::End => {
                    taken = bytes.len();
                    break;
                }
            }
        }
        if let Some(stamped) = stamped.filter(|_| is_live) {
            self.sight.stamped(*feed, stamped, Moment::now());
        }
        if let Some((key, file)) = file {
            let (records, done) = (walker.statistics().records, last);
            let position = feed::Position { file: file.clone(), records, done };
            self.ledger.set_position(key, position.to_string());
            self.touch();
        }
        taken
    }

    fn read_bmp(&mut self, flow: &mut Flow, bytes: &[u8], last: bool) -> usize {
        let Flow { decoder: Decoder::Bmp { session, router }, damages, pulse, .. } = flow else {
            return 0;
        };
        let now = wall();
        let mut sink = |event: parser::bmp::Event<'_>| match event {
            parser::bmp::Event::Item(Item::Element(element)) => self.element(&element),
            parser::bmp::Event::Item(Item::Damage(damage)) => log_damage(router, damages, damage),
            other => {
                feed::log_router(router, &other);
                if let parser::bmp::Event::EndOfRib { vantage, family, .. } = other {
                    let (at, vantage, family) = (now, vantage.clone(), Some(family));
                    self.handle(now, Finding::Settled { at, vantage, family });
                }
            }
        };
        let (step, taken) = session.walk(bytes, Some(now), &Everything, &mut sink);
        if last {
            session.close(bytes.len() - taken, &mut sink);
        }
        if step == Step::End {
            pulse.lost.notify_one();
            return bytes.len();
        }
        taken
    }

    fn element(&mut self, element: &Element<'_>) {
        self.clock.note(element.at);
        let wanted = match element.kind {
            ElementKind::State { .. } => true,
            ElementKind::Withdraw { nlri } => self.sieve.wants(nlri.prefix),
            ElementKind::Rib { nlri, .. } | ElementKind::Announce { nlri, .. } => {
                self.sieve.wants_announcement(nlri.prefix, &element.origin())
            }
        };
        // Nearly nothing is: what an observation or the time costs must be spent on the rest alone.
        if wanted && let Some(observation) = element.observation() {
            self.observe(self.clock.now().unwrap_or(element.at), observation);
        }
    }

    fn observe(&mut self, now: Timestamp, observation: Observation) {
        if let Some(finding) = self.sieve.sift(&observation) {
            self.doubt.tables.note(&finding);
            self.handle(now, finding);
        }
    }
}
