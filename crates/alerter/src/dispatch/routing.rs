use crate::receiver::Receiver;
use bgp::{Prefix, Timestamp};
use incidents::Notice;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use validator::{IncidentKind, Severity};

/// Who is told of which incidents.
///
/// Every rule that an incident meets adds its receivers; where none does, `default` is told.
/// Whoever was told that it opened is told the rest of it, too.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    /// The rules.
    pub rules: Vec<Rule>,
    /// Where no rule is met.
    pub default: Vec<Receiver>,
}

/// Which incidents go where. What is empty or none is met by every incident.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// The most serious kind is one of these.
    pub kinds: Vec<IncidentKind>,
    /// It is at least so serious.
    pub severity: Option<Severity>,
    /// Something that was announced lies inside, or around, one of these.
    pub prefixes: Vec<Prefix>,
    /// It is one of these hours.
    pub hours: Option<Hours>,
    /// Where it goes.
    pub to: Vec<Receiver>,
}

/// Hours of a week, by the operator's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The days on which `from` may lie; empty: every day.
    pub days: Vec<Weekday>,
    /// The first moment.
    pub from: Time,
    /// The moment after the last one; not after `from`: that of the next day.
    pub until: Time,
}

impl Routing {
    /// Everything to all of these.
    pub fn to_all(receivers: Vec<Receiver>) -> Self {
        Routing { rules: Vec::new(), default: receivers }
    }

    /// Who is told of this at `now`, each once.
    pub(super) fn of(&self, now: Timestamp, zone: &TimeZone, notice: &Notice) -> Vec<Receiver> {
        let met: Vec<&Rule> =
            self.rules.iter().filter(|rule| rule.is_met(now, zone, notice)).collect();
        let mut to = Vec::new();
        let all = met.iter().flat_map(|rule| &rule.to);
        let all: Vec<&Receiver> =
            if met.is_empty() { self.default.iter().collect() } else { all.collect() };
        for receiver in all {
            if !to.contains(receiver) {
                to.push(receiver.clone());
            }
        }
        to
    }
}

impl Rule {
    fn is_met(&self, now: Timestamp, zone: &TimeZone, notice: &Notice) -> bool {
        let near = |prefix: &Prefix| {
            let announced = notice.prefixes.iter().map(|affected| &affected.announced);
            announced.into_iter().any(|other| prefix.covers(other) || other.covers(prefix))
        };
        (self.kinds.is_empty() || self.kinds.contains(&notice.kind))
            && self.severity.is_none_or(|floor| notice.severity >= floor)
            && (self.prefixes.is_empty() || self.prefixes.iter().any(near))
            && self.hours.as_ref().is_none_or(|hours| hours.hold(now, zone))
    }
}

impl Hours {
    /// Whether they hold at `now`.
    pub fn hold(&self, now: Timestamp, zone: &TimeZone) -> bool {
        let local = now.to_jiff().to_zoned(zone.clone());
        let (time, today) = (local.time(), local.weekday());
        let on = |day: Weekday| self.days.is_empty() || self.days.contains(&day);
        if self.from < self.until {
            return on(today) && self.from <= time && time < self.until;
        }
        let began_today = on(today) && self.from <= time;
        began_today || (on(today.previous()) && time < self.until)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[test]
    fn hours_go_over_midnight_and_by_the_local_clock() {
        let zone = TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0").unwrap();
        let hold = |hours: &Hours, at: &str| hours.hold(at.parse().unwrap(), &zone);
        let (from, until) = (time(9, 0, 0, 0), time(17, 30, 0, 0));
        let office = Hours { days: vec![Weekday::Wednesday, Weekday::Thursday], from, until };
        // 2014-04-02 was a Wednesday, in summer time.
        assert!(hold(&office, "2014-04-02T08:00:00Z"));
        assert!(!hold(&office, "2014-04-02T07:59:59Z"));
        assert!(!hold(&office, "2014-04-02T16:30:00Z"));
        assert!(!hold(&office, "2014-04-04T10:00:00Z"));
        let night = Hours { days: vec![Weekday::Wednesday], from: until, until: from };
        assert!(hold(&night, "2014-04-02T22:59:00Z"));
        assert!(hold(&night, "2014-04-03T07:59:00Z"));
        assert!(!hold(&night, "2014-04-03T08:00:00Z"));
        assert!(!hold(&night, "2014-04-02T07:00:00Z"));
        let always = Hours { days: vec![], from, until: from };
        assert!(hold(&always, "2014-04-02T07:00:00Z") && hold(&always, "2014-04-02T09:00:00Z"));
    }
}
