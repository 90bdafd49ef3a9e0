use std::borrow::Cow;
use std::fmt;

use bgp::{Asn, Prefix, Timestamp};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::value::RawValue;

use super::error::DocumentError;
use super::intake::{Entry, Intake};

/// Reads a whole JSON document, entry by entry: what is wrong inside an entry costs that entry.
pub(super) fn read(bytes: &[u8], intake: &mut Intake) -> Result<(), DocumentError> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    let mut document = Document { intake, keys: Vec::new(), found: false, error: None };
    let mut json = serde_json::Deserializer::from_str(text);
    let read = json.deserialize_any(&mut document).and_then(|()| json.end());
    if let Some(error) = document.error {
        return Err(error);
    }
    read.map_err(|error| syntax(&error))?;
    if document.found {
        Ok(())
    } else if document.keys.iter().any(|key| key == "slurmVersion") {
        Err(DocumentError::Slurm)
    } else {
        Err(DocumentError::NoVrps(document.keys_found()))
    }
}

/// The top level: an object with a list of VRPs somewhere, or the list itself.
struct Document<'a> {
    intake: &'a mut Intake,
    /// The keys that were met, for the error.
    keys: Vec<String>,
    /// Whether a list of VRPs was among them.
    found: bool,
    /// What made us stop, where it is not the JSON.
    error: Option<DocumentError>,
}

/// How many keys of a foreign document are kept to be told.
const KEYS_KEPT: usize = 8;

impl Document<'_> {
    fn keys_found(&self) -> String {
        let quoted: Vec<String> = self.keys.iter().map(|key| format!("'{key}'")).collect();
        if quoted.is_empty() { "nothing".to_owned() } else { quoted.join(", ") }
    }

    fn list<'de, A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
        kind: fn(&mut Intake, usize, &RawValue) -> Result<(), DocumentError>,
    ) -> Result<bool, A::Error> {
        map.next_value_seed(List { intake: self.intake, error: &mut self.error, kind })
    }
}

impl<'de> Visitor<'de> for &mut Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of VRPs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.found = true;
        let list = List { intake: self.intake, error: &mut self.error, kind: vrp };
        list.visit_seq(seq).map(drop)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match &*key {
                // OctoRPKI says `vrps`, a page of validator 3's API says `data`.
                "roas" | "vrps" | "data" => self.found |= self.list(&mut map, vrp)?,
                "aspas" | "aspa" => drop(self.list(&mut map, aspa)?),
                "routerKeys" | "bgpsec_keys" => drop(self.list(&mut map, router_key)?),
                "provider_authorizations" => map.next_value_seed(PerFamily(self))?,
                "metadata" => {
                    let metadata: &RawValue = map.next_value()?;
                    self.intake.snapshot.generated = Metadata::read(metadata);
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            if self.keys.len() < KEYS_KEPT {
                self.keys.push(key.chars().take(40).collect());
            }
        }
        Ok(())
    }
}

/// ASPAs of 2022 and 2023, by family: `{"ipv4": [..], "ipv6": [..]}`. Today's have no family, so
/// the union is what is meant.
struct PerFamily<'a, 'b>(&'a mut Document<'b>);

impl<'de> DeserializeSeed<'de> for PerFamily<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PerFamily<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ASPAs by family")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            self.0.list(&mut map, aspa)?;
        }
        Ok(())
    }
}

/// A list whose entries are read one by one; true if it is a list.
struct List<'a> {
    intake: &'a mut Intake,
    error: &'a mut Option<DocumentError>,
    kind: fn(&mut Intake, usize, &RawValue) -> Result<(), DocumentError>,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let mut number = 0;
        while let Some(raw) = seq.next_element::<&RawValue>()? {
            number += 1;
            if let Err(error) = (self.kind)(self.intake, number, raw) {
                let stop = de::Error::custom(&error);
                *self.error = Some(error);
                return Err(stop);
            }
        }
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }
    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }
}

/// A VRP in any spelling.
#[derive(Deserialize)]
struct RawVrp<'a> {
    asn: Asn,
    prefix: Prefix,
    #[serde(borrow, alias = "maxPrefixLength", alias = "max_length", rename = "maxLength")]
    max_length: Option<Loose<'a>>,
    /// What RIPE's validator 3 calls the max length; beside one it is that of the prefix.
    #[serde(borrow)]
    length: Option<Loose<'a>>,
    #[serde(borrow, alias = "trustAnchor")]
    ta: Option<Loose<'a>>,
    #[serde(borrow)]
    expires: Option<Loose<'a>>,
    /// Routinator's `jsonext`: why the VRP is there.
    #[serde(borrow)]
    source: Option<&'a RawValue>,
}

fn vrp(intake: &mut Intake, _: usize, raw: &RawValue) -> Result<(), DocumentError> {
    let raw = match serde_json::from_str::<RawVrp<'_>>(raw.get()) {
        Ok(raw) => raw,
        Err(error) => return intake.entry(Err(without_place(&error))),
    };
    let grounds = grounds(raw.source);
    let max_length = match raw.max_length.as_ref().or(raw.length.as_ref()) {
        None => Ok(None),
        Some(loose) => loose.length().map(Some),
    };
    let ta = raw.ta.as_ref().and_then(Loose::text);
    intake.entry(max_length.map(|max_length| Entry {
        prefix: raw.prefix,
        max_length,
        asn: raw.asn,
        trust_anchor: ta.or_else(|| grounds.iter().find_map(|ground| ground.tal.as_deref())),
        expires: expiry(raw.expires.as_ref(), || &grounds),
    }))
}

/// When an entry ends. It lives as long as any of its grounds.
fn expiry<G: AsRef<[Ground]>>(
    told: Option<&Loose<'_>>,
    grounds: impl FnOnce() -> G,
) -> Option<Timestamp> {
    match told {
        Some(expires) => expires.time(),
        None => grounds().as_ref().iter().map(Ground::expires).max().flatten(),
    }
}

fn grounds(source: Option<&RawValue>) -> Vec<Ground> {
    source.map(Ground::read).unwrap_or_default()
}

/// One object that a VRP stands on, in `jsonext`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ground {
    tal: Option<String>,
    validity: Option<Period>,
    chain_validity: Option<Period>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Period {
    not_after: Option<Timestamp>,
}

impl Ground {
    fn read(raw: &RawValue) -> Vec<Ground> {
        serde_json::from_str(raw.get()).unwrap_or_default()
    }

    /// The chain ends no later than the object itself.
    fn expires(&self) -> Option<Timestamp> {
        let period = self.chain_validity.as_ref().or(self.validity.as_ref());
        period.and_then(|period| period.not_after)
    }
}

/// An ASPA in any spelling.
#[derive(Deserialize)]
struct RawAspa<'a> {
    #[serde(alias = "customer_asid", alias = "customerAsn")]
    customer: Asn,
    #[serde(alias = "providerAsns")]
    providers: Vec<Asn>,
    #[serde(borrow)]
    expires: Option<Loose<'a>>,
    /// Routinator's `jsonext`.
    #[serde(borrow)]
    source: Option<&'a RawValue>,
}

fn aspa(intake: &mut Intake, number: usize, raw: &RawValue) -> Result<(), DocumentError> {
    match serde_json::from_str::<RawAspa<'_>>(raw.get()) {
        Ok(aspa) => {
            let expires = expiry(aspa.expires.as_ref(), || grounds(aspa.source));
            intake.aspas().add_until(aspa.customer, aspa.providers, expires);
        }
        Err(error) => intake.skip("ASPA", number, &without_place(&error)),
    }
    Ok(())
}

fn router_key(intake: &mut Intake, _: usize, _: &RawValue) -> Result<(), DocumentError> {
    intake.snapshot.router_keys += 1;
    Ok(())
}

/// When the validator made the document, in any spelling.
#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    generated: Option<Loose<'a>>,
    #[serde(borrow, rename = "generatedTime")]
    generated_time: Option<Loose<'a>>,
    #[serde(borrow)]
    buildtime: Option<Loose<'a>>,
}

impl Metadata<'_> {
    fn read(raw: &RawValue) -> Option<Timestamp> {
        let metadata: Metadata<'_> = serde_json::from_str(raw.get()).ok()?;
        let spellings = [metadata.generated, metadata.generated_time, metadata.buildtime];
        spellings.iter().flatten().find_map(Loose::time)
    }
}

/// A number, a text that may be one, or what is neither.
enum Loose<'a> {
    Number(i64),
    Text(Cow<'a, str>),
    Neither,
}

impl Loose<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Loose::Text(text) => Some(text),
            Loose::Number(_) | Loose::Neither => None,
        }
    }

    fn length(&self) -> Result<u8, String> {
        let length = match self {
            Loose::Number(number) => u8::try_from(*number).ok(),
            Loose::Text(text) => text.parse().ok(),
            Loose::Neither => None,
        };
        length.ok_or_else(|| "the max length is not a length".to_owned())
    }

    fn time(&self) -> Option<Timestamp> {
        match self {
            Loose::Number(seconds) => Some(Timestamp::from_seconds(*seconds)),
            Loose::Text(text) => text.parse().ok(),
            Loose::Neither => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LooseVisitor;
        impl<'de> Visitor<'de> for LooseVisitor {
            type Value = Loose<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a text")
            }
            fn visit_u64<E>(self, number: u64) -> Result<Loose<'de>, E> {
                Ok(i64::try_from(number).map_or(Loose::Neither, Loose::Number))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Loose<'de>, E> {
                Ok(Loose::Number(number))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Loose<'de>, E> {
                Ok(Loose::Neither)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Loose<'de>, E> {
                Ok(Loose::Neither)
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Loose<'de>, E> {
                Ok(Loose::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Loose<'de>, E> {
                Ok(Loose::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Loose<'de>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Loose::Neither)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loose<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Loose::Neither)
            }
        }
        deserializer.deserialize_any(LooseVisitor)
    }
}

/// An entry's error without the place inside the entry, which nobody can find.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

fn syntax(error: &serde_json::Error) -> DocumentError {
    let (line, column) = (error.line(), error.column());
    if error.is_eof() {
        return DocumentError::Truncated { line, column };
    }
    DocumentError::Json { line, column, reason: without_place(error) }
}

fn not_utf8(bytes: &[u8], valid: usize) -> DocumentError {
    let before = bytes.get(..valid).unwrap_or_default();
    let line = before.split(|byte| *byte == b'\n').count();
    let column = before.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) + 1;
    DocumentError::Json { line, column, reason: "not UTF-8".to_owned() }
}
