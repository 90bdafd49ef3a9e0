//! What happens when.

use std::collections::BTreeMap;

use bgp::{Prefix, Timestamp};

use super::mrt;
use super::world::{ACCEPTING, Dice, Network, OFFENDER, VANTAGES, VantagePoint, World, vantage_of};

/// The vantage points that see it, in the order in which it reaches them: two in Thailand, one in
/// Singapore; later one in Malaysia and one in Hong Kong.
const WITNESSES: [u32; 5] = [9931, 7470, 4773, 4788, 9304];

/// Prefixes in one UPDATE; 4096 octets hold about a thousand.
const PREFIXES_PER_UPDATE: usize = 200;

/// The quarter hours that files are written for. Those in which nothing happened are left out.
const QUARTERS: [(&str, &[&str]); 2] = [
    (
        "2014-04-02",
        &[
            "18:00", "18:15", "18:30", "18:45", "19:00", "19:30", "19:45", "20:15", "20:45",
            "21:00", "21:15", "21:30",
        ],
    ),
    ("2014-04-03", &["07:00", "07:15", "07:30", "07:45", "08:00"]),
];

/// Every file by its name, unpacked.
pub(crate) fn files(world: &World) -> Vec<(String, Vec<u8>)> {
    let mut story = Story { world, records: Vec::new() };
    story.background();
    story.evening();
    story.next_morning();
    let mut files = vec![("rib.20140402.1600.mrt".to_owned(), rib(world))];
    files.extend(story.by_quarter());
    files
}

/// Seconds since 1970 of an RFC 3339 time; zero if it is none.
pub(crate) fn seconds(time: &str) -> u32 {
    let time: Timestamp = time.parse().unwrap_or_default();
    u32::try_from(time.seconds()).unwrap_or(0)
}

/// The baseline: everything at all 40 vantage points.
fn rib(world: &World) -> Vec<u8> {
    let at = seconds("2014-04-02T16:00:00Z");
    let peers: Vec<_> = VANTAGES.iter().map(VantagePoint::peer).collect();
    let mut bytes = mrt::peer_index_table(at, &peers);
    let routes = world.baseline().flat_map(|net| net.prefixes.iter().map(move |p| (net, *p)));
    for (sequence, (network, prefix)) in (0..).zip(routes) {
        let entry = |(turn, vantage): (usize, &VantagePoint)| {
            (turn, mrt::attributes(vantage.peer(), &network.path(vantage, turn)))
        };
        let entries: Vec<_> = VANTAGES.iter().enumerate().map(entry).collect();
        bytes.extend(mrt::rib(at, sequence, prefix, &entries));
    }
    bytes
}

struct Story<'a> {
    world: &'a World,
    records: Vec<(u32, Vec<u8>)>,
}

impl Story<'_> {
    /// Ordinary churn at the vantage points that never see the event: right routes by another path.
    fn background(&mut self) {
        let mut dice = Dice::new(2014);
        let bystanders: Vec<_> = VANTAGES.iter().filter(|v| !WITNESSES.contains(&v.asn)).collect();
        let networks: Vec<_> = self.world.baseline().collect();
        for (day, times) in QUARTERS {
            for time in times {
                let start = seconds(&format!("{day}T{time}:00Z"));
                for minute in (0..900).step_by(15) {
                    let vantage = bystanders[dice.below(bystanders.len())];
                    let network = networks[dice.below(networks.len())];
                    self.restore(start + minute, vantage, network, dice.below(2));
                }
            }
        }
    }

    /// 2 April: three waves, flapping, a session that drops, and the end of it.
    fn evening(&mut self) {
        let at = |time: &str| seconds(&format!("2014-04-02T{time}Z"));
        let wave = |from, to| self.world.victims.get(from..to).unwrap_or_default();
        let (first, second, third) = (wave(0, 800), wave(800, 1_130), wave(1_130, 1_312));
        let [cat, truenet, mobile_one, tmnet, hutchison] = WITNESSES.map(vantage_of);

        self.hijack(at("18:26:01"), cat, first);
        self.hijack(at("18:26:14"), truenet, first);
        self.hijack(at("18:26:37"), mobile_one, first);

        for (witness, time) in [(cat, "18:38:02"), (truenet, "18:38:11"), (mobile_one, "18:38:40")]
        {
            self.hijack(at(time), witness, second);
        }
        self.hijack(at("18:40:27"), tmnet, &self.world.victims[..1_130]);
        self.hijack(at("18:52:09"), hutchison, &self.world.victims[..1_130]);

        for (off, on) in
            [("19:02:20", "19:04:40"), ("19:07:05", "19:08:15"), ("19:11:50", "19:13:00")]
        {
            self.recover_implicitly(at(off), mobile_one, first);
            self.hijack(at(on), mobile_one, first);
        }

        self.state_change(at("19:31:10"), truenet, mrt::ESTABLISHED, mrt::IDLE);
        self.state_change(at("19:36:39"), truenet, mrt::OPEN_CONFIRM, mrt::ESTABLISHED);
        for network in self.world.baseline() {
            self.restore(at("19:36:40"), truenet, network, 0);
        }
        self.hijack(at("19:36:42"), truenet, &self.world.victims[..1_130]);

        for (witness, time) in (WITNESSES.map(vantage_of).into_iter())
            .zip(["19:50:03", "19:50:12", "19:50:20", "19:50:31", "19:50:47"])
        {
            self.hijack(at(time), witness, third);
        }

        self.recover_implicitly(at("20:22:10"), hutchison, &self.world.victims);
        self.recover_implicitly(at("20:47:31"), tmnet, &self.world.victims);
        self.recover_explicitly(at("21:02:05"), mobile_one, &self.world.victims);
        self.recover_implicitly(at("21:09:44"), cat, &self.world.victims);
        self.recover_explicitly(at("21:14:02"), truenet, &self.world.victims);
    }

    /// 3 April: once more, smaller and shorter.
    fn next_morning(&mut self) {
        let at = |time: &str| seconds(&format!("2014-04-03T{time}Z"));
        let hit = &self.world.victims[..290];
        let [cat, truenet, mobile_one, ..] = WITNESSES.map(vantage_of);
        self.hijack(at("07:10:12"), cat, hit);
        self.hijack(at("07:10:25"), truenet, hit);
        self.hijack(at("07:11:02"), mobile_one, hit);
        self.recover_implicitly(at("07:36:20"), mobile_one, hit);
        self.recover_explicitly(at("07:38:41"), cat, hit);
        self.recover_implicitly(at("07:39:50"), truenet, hit);
    }

    /// The offender's routes reach a vantage point: ours in the third message, 200 prefixes a second.
    fn hijack(&mut self, at: u32, witness: &VantagePoint, hit: &[Network]) {
        let path = [witness.asn, ACCEPTING, OFFENDER];
        let prefixes: Vec<_> = hit.iter().flat_map(|victim| victim.prefixes.clone()).collect();
        let mut chunks: Vec<_> = prefixes.chunks(PREFIXES_PER_UPDATE).collect();
        chunks.insert(2.min(chunks.len()), &self.world.ours.prefixes);
        for (second, chunk) in (0..).zip(chunks) {
            self.push(at + second, mrt::announce(at + second, witness.peer(), &path, chunk));
        }
    }

    /// The vantage point goes back to the right routes without saying goodbye to the wrong ones,
    /// where it has right ones; the rest it withdraws.
    fn recover_implicitly(&mut self, at: u32, witness: &VantagePoint, hit: &[Network]) {
        let known = |p: &Prefix| self.world.in_baseline(*p);
        let all = hit.iter().flat_map(|victim| victim.prefixes.iter().copied());
        let unknown: Vec<_> = all.filter(|prefix| !known(prefix)).collect();
        self.withdraw(at, witness, &unknown);
        self.restore_all(at + 10, witness, hit);
    }

    /// The vantage point withdraws everything, and has the right routes half a minute later.
    fn recover_explicitly(&mut self, at: u32, witness: &VantagePoint, hit: &[Network]) {
        let mut all = self.world.ours.prefixes.clone();
        all.extend(hit.iter().flat_map(|victim| victim.prefixes.iter().copied()));
        self.withdraw(at, witness, &all);
        self.restore_all(at + 30, witness, hit);
    }

    fn restore_all(&mut self, at: u32, witness: &VantagePoint, hit: &[Network]) {
        self.restore(at, witness, &self.world.ours, 0);
        for victim in hit {
            if victim.prefixes.iter().any(|prefix| self.world.in_baseline(*prefix)) {
                self.restore(at, witness, victim, 0);
            }
        }
    }

    /// The right route of every prefix of a network.
    fn restore(&mut self, at: u32, vantage: &VantagePoint, network: &Network, turn: usize) {
        let path = network.path(vantage, turn);
        for chunk in network.prefixes.chunks(PREFIXES_PER_UPDATE) {
            self.push(at, mrt::announce(at, vantage.peer(), &path, chunk));
        }
    }

    fn withdraw(&mut self, at: u32, vantage: &VantagePoint, prefixes: &[Prefix]) {
        for (second, chunk) in (0..).zip(prefixes.chunks(PREFIXES_PER_UPDATE)) {
            self.push(at + second, mrt::withdraw(at + second, vantage.peer(), chunk));
        }
    }

    fn state_change(&mut self, at: u32, vantage: &VantagePoint, old: u16, new: u16) {
        self.push(at, mrt::state_change(at, vantage.peer(), old, new));
    }

    fn push(&mut self, at: u32, record: Vec<u8>) {
        self.records.push((at, record));
    }

    /// Records in the order of their times (those of one second as they were told), a file for each
    /// quarter of an hour, named as RouteViews does.
    fn by_quarter(mut self) -> impl Iterator<Item = (String, Vec<u8>)> {
        self.records.sort_by_key(|(at, _)| *at);
        let mut quarters: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        for (at, record) in self.records {
            quarters.entry(at - at % 900).or_default().extend(record);
        }
        quarters.into_iter().map(|(start, bytes)| {
            let time = Timestamp::from_seconds(start.into()).to_string();
            let digits: String = time.chars().filter(char::is_ascii_digit).take(12).collect();
            let (day, clock) = digits.split_at(8);
            (format!("updates.{day}.{clock}.mrt"), bytes)
        })
    }
}
