//! Route objects of routing registries: RPSL (RFC 2622 section 4), and `route6` (RFC 4012 section 3).

use std::io::{self, BufRead};

use bgp::{Asn, Prefix, excerpt};

/// What a registry says of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteObject {
    /// The prefix of `route:` or `route6:`.
    pub prefix: Prefix,
    /// Who may originate it.
    pub origin: Asn,
    /// The first line of `descr:`; empty where there is none.
    pub description: String,
    /// The registry, as `RIPE`; empty where it is not named.
    pub source: String,
}

/// A longer line is cut: no attribute that is read is as long, and what has no lines is no dump.
const LINE_MAX: u64 = 64 * 1024;

/// How much of a description or the name of a registry is kept.
const TEXT_MAX: usize = 60;

/// The route objects of a dump that are wanted, and how many could not be read. Memory depends on what is wanted alone.
pub fn route_objects(
    mut dump: impl BufRead,
    wanted: impl Fn(&RouteObject) -> bool,
) -> io::Result<(Vec<RouteObject>, u64)> {
    let (mut found, mut damaged) = (Vec::new(), 0);
    let mut object = Object::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = io::Read::take(&mut dump, LINE_MAX).read_until(b'\n', &mut line)?;
        // Registries are older than UTF-8; what matters is ASCII.
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() {
            object.add(text);
            continue;
        }
        match std::mem::take(&mut object).finish() {
            Some(Ok(object)) if wanted(&object) => found.push(object),
            Some(Ok(_)) | None => {}
            Some(Err(Unreadable)) => damaged += 1,
        }
        if read == 0 {
            return Ok((found, damaged));
        }
    }
}

/// An object, as far as it is read.
#[derive(Debug, Default)]
struct Object {
    route: Option<String>,
    origin: Option<String>,
    description: String,
    source: String,
}

/// A route object whose prefix or origin is none.
struct Unreadable;

impl Object {
    /// What continues an attribute (a blank or `+` in front) is of none that is read.
    fn add(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(':') else { return };
        let value = value.split('#').next().unwrap_or_default().trim();
        match name.to_ascii_lowercase().as_str() {
            "route" | "route6" => self.route = Some(value.to_owned()),
            "origin" => self.origin = Some(value.to_owned()),
            "descr" if self.description.is_empty() => self.description = excerpt(value, TEXT_MAX),
            "source" => self.source = excerpt(value, TEXT_MAX),
            _ => {}
        }
    }

    /// None where it is an object of another class.
    fn finish(self) -> Option<Result<RouteObject, Unreadable>> {
        let Object { route, origin, description, source } = self;
        let prefix = route?.parse().ok();
        let origin = origin.and_then(|origin| origin.parse().ok());
        let object = prefix.zip(origin).ok_or(Unreadable);
        Some(object.map(|(prefix, origin)| RouteObject { prefix, origin, description, source }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DUMP: &str = "% a comment of the server\n\n\
        route:      198.18.0.0/21\ndescr:      Broadband pool\ndescr:      second line\n\
        origin:     as64500 # us\nremarks:    a\n            origin: AS1\nsource:     RIPE\n\n\
        route6:     2001:db8::/32\norigin:     AS64500\nsource:     RADB\n\n\
        aut-num:    AS64500\nas-name:    EXAMPLE\n\n\
        route:      frog\norigin:     AS64500\n\n\n\
        route:      192.0.2.0/24\norigin:     AS64999";

    fn object(prefix: &str, origin: u32, description: &str, source: &str) -> RouteObject {
        RouteObject {
            prefix: prefix.parse().unwrap(),
            origin: Asn::new(origin),
            description: description.to_owned(),
            source: source.to_owned(),
        }
    }

    #[test]
    fn route_objects_are_found_among_others_and_damage_costs_one() {
        let found = route_objects(DUMP.as_bytes(), |_| true).unwrap();
        let expected = vec![
            object("198.18.0.0/21", 64500, "Broadband pool", "RIPE"),
            object("2001:db8::/32", 64500, "", "RADB"),
            object("192.0.2.0/24", 64999, "", ""),
        ];
        assert_eq!(found, (expected, 1));
        let ours = route_objects(DUMP.as_bytes(), |object| object.origin == Asn::new(64500));
        assert_eq!(ours.unwrap().0.len(), 2);
    }

    proptest! {
        #[test]
        fn no_dump_makes_it_panic(dump in proptest::collection::vec(any::<u8>(), 0..500)) {
            let mut text = b"route: 198.18.0.0/21\norigin: AS1\n".to_vec();
            text.extend(dump);
            prop_assert!(route_objects(text.as_slice(), |_| true).is_ok());
        }
    }
}
