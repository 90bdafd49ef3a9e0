use bgp::Asn;
use incidents::Country;
use jiff::tz::TimeZone;

use super::section::Section;
use super::value;

/// `[operator]`: who we are.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The name, as in a signature.
    pub name: String,
    /// The short name in front of every subject (`LON01`); the name if not given.
    pub site: String,
    /// Our ASes; at least one.
    pub asns: Vec<Asn>,
    /// Country of the operator (ISO 3166-1 alpha-2).
    pub country: Option<Country>,
    /// Our time zone; notices say local time beside UTC.
    pub time_zone: TimeZone,
    /// Who may stand next to us on a path; empty if not said.
    pub upstreams: Vec<Asn>,
    /// Whose routes we may pass on; empty if not said.
    pub customers: Vec<Asn>,
}

impl Operator {
    pub(super) fn read(section: Section<'_>) -> Option<Self> {
        let name = section.required("name", "a name, as \"Example Networks\"", value::line);
        let site = section.optional("site", value::line);
        let asns = section.list("asns", value::asn);
        match &asns {
            Some(asns) if asns.is_empty() => section.fault("asns", "'asns' is empty", ASNS),
            None if !section.has("asns") => section.missing("asns", ASNS),
            Some(_) | None => {}
        }
        let country = section.optional(
            "country",
            value::parsed("is not a country code", "two letters, as \"GB\" (ISO 3166-1 alpha-2)"),
        );
        let time_zone = section.optional("timezone", |value| {
            let expected = "a name of the time zone database, as \"Europe/London\"";
            let name = value::string(value, expected)?;
            TimeZone::get(name).map_err(|_| value::wrong(value, "is not a time zone", expected))
        });
        let upstreams = section.list("upstreams", value::asn);
        let customers = section.list("customers", value::asn);
        section.finish();
        let (name, asns) = (name?, asns?);
        Some(Operator {
            site: site.unwrap_or_else(|| name.clone()),
            name,
            asns,
            country,
            time_zone: time_zone.unwrap_or(TimeZone::UTC),
            upstreams: upstreams.unwrap_or_default(),
            customers: customers.unwrap_or_default(),
        })
    }
}

const ASNS: &str = "the AS numbers that are ours, as asns = [64500]";
