//! What a person, a configuration or a VRP file writes for an AS number, a prefix, a route distinguisher, an AS path. Seeds:
//! one of each notation. What is read and shown must be read as the same again.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use bgp::{AsPath, Asn, Distinguisher, Prefix};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let asn: Option<Asn> = again(text);
    assert_eq!(asn.map(Asn::number), asn.and_then(|asn| again(&asn.number().to_string())).map(Asn::number));
    if let Some(prefix) = again::<Prefix>(text) {
        assert_eq!(Prefix::from_bits(prefix.family(), prefix.bits(), prefix.length()), prefix);
        assert_eq!(Prefix::new(prefix.address(), prefix.length()), Ok(prefix));
    }
    let _ = again::<Distinguisher>(text);
    if let Ok(path) = text.parse::<AsPath>() {
        // A sequence without members leaves nothing to see.
        let shown: AsPath = path.to_string().parse().expect("a path that was shown can be read");
        assert!(shown.asns().eq(path.asns()));
        assert_eq!(shown.origin(None), path.origin(None));
    }
});

fn again<T: FromStr + Display + PartialEq + std::fmt::Debug>(text: &str) -> Option<T> {
    let read = text.parse::<T>().ok()?;
    let shown = read.to_string().parse::<T>().ok();
    assert_eq!(shown.as_ref(), Some(&read), "{text:?} was shown as {read}");
    Some(read)
}
