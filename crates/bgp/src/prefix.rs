use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An IP prefix whose host bits are zero, always.
///
/// [`Prefix::new`] refuses host bits, for what people write; [`Prefix::new_relaxed`] clears them,
/// for what the wire brings (RFC 4271 section 4.3: trailing bits are irrelevant). IPv4-mapped IPv6
/// (RFC 4291 section 2.5.5.2) is refused and taken in the same way: no network announces it.
///
/// Ordered by family, address, length: a prefix sorts directly before what it covers.
///
/// ```
/// use bgp::Prefix;
///
/// let ours: Prefix = "198.18.0.0/21".parse()?;
/// let theirs: Prefix = "198.18.4.0/24".parse()?;
/// assert!(ours.covers(&theirs) && !theirs.covers(&ours));
/// assert!("198.18.4.1/24".parse::<Prefix>().is_err(), "host bits are set");
/// # Ok::<(), bgp::ParsePrefixError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix(IpNet);

/// The address family of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// AFI 1 (RFC 4760); lengths up to 32.
    Ipv4,
    /// AFI 2 (RFC 4760); lengths up to 128.
    Ipv6,
}

impl Family {
    /// The longest prefix length: 32 or 128.
    #[inline]
    pub const fn max_length(self) -> u8 {
        match self {
            Family::Ipv4 => 32,
            Family::Ipv6 => 128,
        }
    }

    /// What most networks filter beyond: a longer announcement does not travel.
    pub const fn longest_routed(self) -> u8 {
        match self {
            Family::Ipv4 => 24,
            Family::Ipv6 => 48,
        }
    }
}

/// Why an address and a length do not make a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// The length is beyond what the family has.
    #[error("prefix length {length} is more than {max}")]
    Length {
        /// What was asked for.
        length: u8,
        /// What the family allows.
        max: u8,
    },
    /// Bits are set behind the length.
    #[error("host bits are set (the network is {network})")]
    HostBits {
        /// The prefix without the host bits.
        network: Prefix,
    },
    /// IPv4 in the notation of IPv6.
    #[error("IPv4-mapped IPv6 is in no routing table (write {ipv4})")]
    Mapped {
        /// What was written.
        mapped: Prefix,
        /// What is meant.
        ipv4: Prefix,
    },
}

impl Prefix {
    /// Strict: host bits are an error that names the network they hide, IPv4-mapped IPv6 one that names
    /// the IPv4 prefix.
    pub fn new(address: IpAddr, length: u8) -> Result<Self, PrefixError> {
        let network = Self::new_relaxed(address, length)?;
        if network.address() != address {
            return Err(PrefixError::HostBits { network });
        }
        match network.unmapped() {
            Some(ipv4) => Err(PrefixError::Mapped { mapped: network, ipv4 }),
            None => Ok(network),
        }
    }

    /// The IPv4 prefix that an IPv4-mapped one means.
    fn unmapped(&self) -> Option<Prefix> {
        let IpAddr::V6(address) = self.address() else { return None };
        let (address, length) = (address.to_ipv4_mapped()?, self.length().checked_sub(96)?);
        Prefix::new_relaxed(address.into(), length).ok()
    }

    /// Lenient: host bits are cleared.
    pub fn new_relaxed(address: IpAddr, length: u8) -> Result<Self, PrefixError> {
        let max = if address.is_ipv4() { 32 } else { 128 };
        match IpNet::new(address, length) {
            Ok(net) => Ok(Prefix(net.trunc())),
            Err(_) => Err(PrefixError::Length { length, max }),
        }
    }

    /// From the address bits, the first bit of the address in the highest place for both
    /// families (an IPv4 address fills the upper 32). Bits behind the length are cleared, a length
    /// beyond the family's is cut to it.
    #[inline]
    pub fn from_bits(family: Family, bits: u128, length: u8) -> Self {
        let length = length.min(family.max_length());
        let bits = bits & u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
        Prefix(match family {
            Family::Ipv4 => {
                let address = Ipv4Addr::from_bits((bits >> 96) as u32);
                IpNet::V4(Ipv4Net::new_assert(address, length))
            }
            Family::Ipv6 => IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::from_bits(bits), length)),
        })
    }

    /// The network address.
    #[inline]
    pub fn address(&self) -> IpAddr {
        self.0.addr()
    }

    /// The prefix length.
    #[inline]
    pub fn length(&self) -> u8 {
        self.0.prefix_len()
    }

    /// The address family, which decides how long a prefix can be.
    #[inline]
    pub const fn family(&self) -> Family {
        match self.0 {
            IpNet::V4(_) => Family::Ipv4,
            IpNet::V6(_) => Family::Ipv6,
        }
    }

    /// The address bits, the first bit of the address in the highest place for both families.
    #[inline]
    pub const fn bits(&self) -> u128 {
        match self.0 {
            IpNet::V4(net) => (net.addr().to_bits() as u128) << 96,
            IpNet::V6(net) => net.addr().to_bits(),
        }
    }

    /// Whether `other` lies inside: same family, at least as long, same leading bits. A prefix
    /// covers itself (RFC 6811 section 2).
    #[inline]
    pub fn covers(&self, other: &Prefix) -> bool {
        self.family() == other.family()
            && self.length() <= other.length()
            && (self.length() == 0 || (self.bits() ^ other.bits()) >> (128 - self.length()) == 0)
    }

    /// Whether the address lies inside.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// The two halves, one bit longer; none of a host route.
    pub fn halves(&self) -> Option<[Prefix; 2]> {
        let length = self.length() + 1;
        if length > self.family().max_length() {
            return None;
        }
        let upper = self.bits() | 1 << (128 - length);
        Some([self.bits(), upper].map(|bits| Self::from_bits(self.family(), bits, length)))
    }

    /// The same as the `ipnet` type, for structures that are keyed by it.
    pub const fn net(&self) -> IpNet {
        self.0
    }
}

impl From<IpNet> for Prefix {
    /// Host bits are cleared.
    fn from(net: IpNet) -> Self {
        Prefix(net.trunc())
    }
}

impl Ord for Prefix {
    #[inline]
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |prefix: &Prefix| (prefix.family(), prefix.bits(), prefix.length());
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Prefix {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The text is not a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParsePrefixError {
    /// Not an address, a slash and a length.
    #[error("'{0}' is not a prefix (expected an address and a length, as 192.0.2.0/24)")]
    Syntax(String),
    /// An address and a length that do not belong together.
    #[error("'{text}': {error}")]
    Value {
        /// What was read.
        text: String,
        /// What is wrong with it.
        error: PrefixError,
    },
}

impl FromStr for Prefix {
    type Err = ParsePrefixError;

    /// Strict, as [`Prefix::new`].
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let short = || text.chars().take(60).collect::<String>();
        let syntax = || ParsePrefixError::Syntax(short());
        let (address, length) = text.split_once('/').ok_or_else(syntax)?;
        let address: IpAddr = address.parse().map_err(|_| syntax())?;
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(syntax());
        }
        // A length of 256 and more is a wrong length, not a wrong syntax.
        let length = length.parse().unwrap_or(u8::MAX);
        Prefix::new(address, length)
            .map_err(|error| ParsePrefixError::Value { text: short(), error })
    }
}

impl Serialize for Prefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Prefix;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a prefix, as \"192.0.2.0/24\"")
            }
            /// What was once seen on the wire must be read again, be it IPv4-mapped.
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Prefix, E> {
                match text.parse() {
                    Err(ParsePrefixError::Value {
                        error: PrefixError::Mapped { mapped, .. },
                        ..
                    }) => Ok(mapped),
                    read => read.map_err(E::custom),
                }
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn strict_refuses_host_bits_and_names_the_network() {
        let error = "198.18.1.1/21".parse::<Prefix>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "'198.18.1.1/21': host bits are set (the network is 198.18.0.0/21)"
        );
        let relaxed = Prefix::new_relaxed("198.18.1.1".parse().unwrap(), 21).unwrap();
        assert_eq!(relaxed, prefix("198.18.0.0/21"));
    }

    #[test]
    fn ipv4_mapped_is_refused_where_a_person_writes_it_and_read_where_the_wire_brought_it() {
        let text = "::ffff:198.51.100.0/120";
        let error = text.parse::<Prefix>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("'{text}': IPv4-mapped IPv6 is in no routing table (write 198.51.100.0/24)")
        );
        assert!("::ffff:0:0/96".parse::<Prefix>().is_err());
        assert!("::ffff:0:0/95".parse::<Prefix>().is_err(), "host bits");
        assert!("::fffe:0:0/95".parse::<Prefix>().is_ok());
        let relaxed = Prefix::new_relaxed("::ffff:198.51.100.0".parse().unwrap(), 120).unwrap();
        let shown = serde_json::to_string(&relaxed).unwrap();
        assert_eq!(serde_json::from_str::<Prefix>(&shown).unwrap(), relaxed);
    }

    #[test]
    fn what_is_not_a_prefix_is_refused() {
        for text in [
            "",
            "/",
            "1.2.3.4",
            "1.2.3/24",
            "1.2.3.0/",
            "1.2.3.0/+8",
            "::/129",
            "0.0.0.0/33",
            "a/8",
        ] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
        assert_eq!(
            "0.0.0.0/256".parse::<Prefix>().unwrap_err().to_string(),
            "'0.0.0.0/256': prefix length 255 is more than 32"
        );
    }

    #[test]
    fn covers_is_by_family_length_and_leading_bits() {
        assert!(prefix("0.0.0.0/0").covers(&prefix("198.18.0.0/21")));
        assert!(prefix("198.18.0.0/21").covers(&prefix("198.18.0.0/21")));
        assert!(prefix("198.18.0.0/21").covers(&prefix("198.18.7.255/32")));
        assert!(!prefix("198.18.0.0/21").covers(&prefix("198.18.8.0/21")));
        assert!(!prefix("198.18.0.0/21").covers(&prefix("198.18.0.0/20")));
        assert!(!prefix("0.0.0.0/0").covers(&prefix("::/0")));
        assert!(prefix("::/0").covers(&prefix("2001:db8::1/128")));
    }

    #[test]
    fn halves_end_at_the_host_route() {
        let halves = prefix("198.18.0.0/21").halves().unwrap();
        assert_eq!(halves, [prefix("198.18.0.0/22"), prefix("198.18.4.0/22")]);
        assert_eq!(prefix("192.0.2.1/32").halves(), None);
        assert_eq!(prefix("::/0").halves().unwrap(), [prefix("::/1"), prefix("8000::/1")]);
    }

    fn any_prefix() -> impl Strategy<Value = Prefix> {
        let family = prop_oneof![Just(Family::Ipv4), Just(Family::Ipv6)];
        (family, any::<u128>(), 0..=128u8).prop_map(|(f, b, l)| Prefix::from_bits(f, b, l))
    }

    proptest! {
        #[test]
        fn text_and_bits_round_trip(prefix in any_prefix()) {
            prop_assert_eq!(prefix.to_string().parse::<Prefix>().unwrap(), prefix);
            let again = Prefix::from_bits(prefix.family(), prefix.bits(), prefix.length());
            prop_assert_eq!(again, prefix);
        }

        #[test]
        fn covers_agrees_with_ipnet(a in any_prefix(), b in any_prefix(), cut in 0..=128u8) {
            prop_assert_eq!(a.covers(&b), a.net().contains(&b.net()));
            let shorter = Prefix::from_bits(b.family(), b.bits(), cut.min(b.length()));
            prop_assert!(shorter.covers(&b) && shorter <= b);
        }
    }
}
