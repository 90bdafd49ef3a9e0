//! Who there is: 40 vantage points, the operator, the offender and the networks that it hits, with
//! what each rightly originates and by which path each vantage point reaches it.

use std::net::Ipv4Addr;

use bgp::{Asn, Family, Prefix};

use super::mrt::Peer;

/// The operator, and who stands next to it on a right path.
const OPERATOR: u32 = 64500;
const OPERATOR_UPSTREAMS: [u32; 2] = [64510, 64511];

/// Who originated everything, and who let it in.
pub(crate) const OFFENDER: u32 = 4761;
pub(crate) const ACCEPTING: u32 = 4651;

/// Networks that are hit, and how many prefixes of theirs.
const VICTIMS: u32 = 1_312;
const VICTIM_PREFIXES: usize = 4_170;
/// How many of them stand in the baseline RIB too; the whole would be most of its size.
const VICTIMS_IN_RIB: usize = 110;
/// What the offender usually originates.
const USUAL_PREFIXES: u32 = 300;

/// The backbones that the other networks hang on.
const BACKBONES: [u32; 6] = [174, 1299, 2914, 3257, 3356, 6453];

/// A vantage point: an AS that gives the collector its table.
pub(crate) struct VantagePoint {
    pub(crate) asn: u32,
    pub(crate) name: &'static str,
    pub(crate) country: &'static str,
    /// The backbone that it reaches the world through.
    transit: u32,
}

const fn vantage(
    asn: u32,
    name: &'static str,
    country: &'static str,
    transit: u32,
) -> VantagePoint {
    VantagePoint { asn, name, country, transit }
}

/// Real ASes with their real names; that they were vantage points is made up.
pub(crate) const VANTAGES: [VantagePoint; 40] = [
    vantage(174, "COGENT-174", "US", 174),
    vantage(286, "KPN", "NL", 3257),
    vantage(559, "SWITCH", "CH", 1299),
    vantage(577, "BACOM", "CA", 3356),
    vantage(701, "UUNET", "US", 3356),
    vantage(786, "JANET", "GB", 3356),
    vantage(852, "ASN852", "CA", 174),
    vantage(1103, "SURFNET-NL", "NL", 1299),
    vantage(1221, "ASN-TELSTRA", "AU", 2914),
    vantage(1299, "TELIANET", "SE", 1299),
    vantage(2497, "IIJ", "JP", 2914),
    vantage(2516, "KDDI", "JP", 3356),
    vantage(2603, "NORDUNET", "NO", 1299),
    vantage(2856, "BT-UK-AS", "GB", 174),
    vantage(2914, "NTT-COMMUNICATIONS-2914", "US", 2914),
    vantage(3215, "AS3215", "FR", 3257),
    vantage(3257, "GTT-BACKBONE", "DE", 3257),
    vantage(3320, "DTAG", "DE", 3356),
    vantage(3333, "RIPE-NCC-AS", "NL", 3257),
    vantage(3356, "LEVEL3", "US", 3356),
    vantage(3462, "HINET", "TW", 2914),
    vantage(3741, "IS", "ZA", 6453),
    vantage(4713, "OCN", "JP", 2914),
    vantage(4755, "TATACOMM-AS", "IN", 6453),
    vantage(4766, "KIXS-AS-KR", "KR", 3356),
    vantage(4773, "MOBILEONELTD-AS-AP", "SG", 2914),
    vantage(4788, "TMNET-AS-AP", "MY", 3356),
    vantage(4826, "VOCUS-BACKBONE-AS", "AU", 174),
    vantage(5617, "TPNET", "PL", 1299),
    vantage(6762, "SEABONE-NET", "IT", 3257),
    vantage(6939, "HURRICANE", "US", 1299),
    vantage(7018, "ATT-INTERNET4", "US", 3356),
    vantage(7470, "TRUEINTERNET-AS-AP", "TH", 6453),
    vantage(7713, "TELKOMNET-AS-AP", "ID", 2914),
    vantage(8468, "ENTANET", "GB", 1299),
    vantage(8881, "VERSATEL", "DE", 3257),
    vantage(9304, "HUTCHISON-AS-AP", "HK", 2914),
    vantage(9931, "CAT-AP", "TH", 3356),
    vantage(12956, "TELEFONICA", "ES", 174),
    vantage(20712, "AS20712", "GB", 2914),
];

/// Names of those on the paths that are not vantage points.
pub(crate) const OTHERS: [(u32, &str, &str); 6] = [
    (ACCEPTING, "THAI-GATEWAY", "TH"),
    (OFFENDER, "INDOSAT-INP-AP", "ID"),
    (6453, "AS6453", "US"),
    (OPERATOR, "Example Networks", "GB"),
    (64510, "Example Transit One", "GB"),
    (64511, "Example Transit Two", "GB"),
];

impl VantagePoint {
    /// Its session with the collector: the address follows from its place in the list.
    pub(crate) fn peer(&self) -> Peer {
        let place = (1..).zip(VANTAGES).find(|(_, other)| other.asn == self.asn);
        let last = place.map_or(0, |(place, _)| place);
        Peer { asn: self.asn, address: Ipv4Addr::new(203, 0, 113, last) }
    }
}

/// The vantage point of an AS in [`VANTAGES`].
pub(crate) fn vantage_of(asn: u32) -> &'static VantagePoint {
    VANTAGES.iter().find(|vantage| vantage.asn == asn).unwrap_or(&VANTAGES[0])
}

/// One origin with its prefixes.
pub(crate) struct Network {
    origin: u32,
    upstreams: Vec<u32>,
    pub(crate) prefixes: Vec<Prefix>,
}

impl Network {
    /// The right path from a vantage point. `turn` chooses among the upstreams, so that a path can
    /// change without anything being wrong.
    pub(crate) fn path(&self, from: &VantagePoint, turn: usize) -> Vec<u32> {
        let upstream = self.upstreams[turn % self.upstreams.len()];
        let mut path = vec![from.asn, from.transit, upstream, self.origin];
        path.dedup();
        path
    }
}

/// A ROA, as its VRP.
pub(crate) struct Roa {
    pub(crate) asn: Asn,
    pub(crate) prefix: Prefix,
    pub(crate) max_length: u8,
    pub(crate) trust_anchor: &'static str,
}

/// All networks.
pub(crate) struct World {
    pub(crate) ours: Network,
    offender: Network,
    pub(crate) victims: Vec<Network>,
}

impl World {
    pub(crate) fn new() -> Self {
        let ours = Network {
            origin: OPERATOR,
            upstreams: OPERATOR_UPSTREAMS.to_vec(),
            prefixes: [[198, 18, 0, 0], [198, 18, 8, 0]].map(|net| prefix(net.into(), 21)).into(),
        };
        let usual = (0..USUAL_PREFIXES).map(|n| prefix((250 << 24 | n << 10).into(), 24));
        let offender = Network {
            origin: OFFENDER,
            upstreams: vec![ACCEPTING, 2914, 6453],
            prefixes: usual.collect(),
        };
        World { ours, offender, victims: victims() }
    }

    /// What stands in every vantage point's table before anything happens.
    pub(crate) fn baseline(&self) -> impl Iterator<Item = &Network> {
        let victims = self.victims.iter().take(VICTIMS_IN_RIB);
        [&self.ours, &self.offender].into_iter().chain(victims)
    }

    /// Whether a victim's prefix stands in the baseline.
    pub(crate) fn in_baseline(&self, prefix: Prefix) -> bool {
        self.baseline().any(|network| network.prefixes.contains(&prefix))
    }

    pub(crate) fn roas(&self) -> impl Iterator<Item = Roa> {
        let roa = |network: &Network, prefix, trust_anchor| Roa {
            asn: Asn::new(network.origin),
            prefix,
            max_length: 24,
            trust_anchor,
        };
        let ours = self.ours.prefixes.iter().map(move |p| roa(&self.ours, *p, "ripe"));
        let anchors = ["afrinic", "apnic", "arin", "lacnic", "ripe"].into_iter().cycle();
        let victims = (0..).zip(&self.victims).zip(anchors);
        ours.chain(victims.map(move |((n, victim), anchor)| roa(victim, block(n), anchor)))
    }
}

/// Networks out of 240.0.0.0/4, which nobody has, with 32-bit private ASNs: the event hit real ones,
/// but which of them is not known well enough to name any.
fn victims() -> Vec<Network> {
    let mut dice = Dice::new(4761);
    let mut counts = vec![1; VICTIMS as usize];
    let mut left = VICTIM_PREFIXES - counts.len();
    while left > 0 {
        let n = dice.below(counts.len());
        if counts[n] < 8 {
            counts[n] += 1;
            left -= 1;
        }
    }
    let network = |(n, count): (u32, u32)| {
        let upstreams = [0, 1].map(|_| BACKBONES[dice.below(BACKBONES.len())]).to_vec();
        let start = 240 << 24 | n << 12;
        let prefixes = (0..count).map(|k| prefix((start | k << 9).into(), dice.length()));
        Network { origin: 4_200_000_000 + n, upstreams, prefixes: prefixes.collect() }
    };
    (0..).zip(counts).map(network).collect()
}

/// The space of the `n`th victim.
fn block(n: u32) -> Prefix {
    prefix((240 << 24 | n << 12).into(), 20)
}

fn prefix(address: Ipv4Addr, length: u8) -> Prefix {
    Prefix::from_bits(Family::Ipv4, u128::from(address.to_bits()) << 96, length)
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Dice(seed)
    }

    /// A number below `end`, which is not zero.
    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below a usize")]
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    /// A prefix length as a network announces its more-specifics: mostly 24.
    fn length(&mut self) -> u8 {
        if self.below(4) == 0 { 23 } else { 24 }
    }
}
