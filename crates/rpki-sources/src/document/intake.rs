use bgp::{Asn, Prefix, Timestamp, printable};
use validator::{AspaTable, RpkiSnapshot, Skipped, Vrp, VrpTableBuilder};

use super::error::DocumentError;

/// What has been read so far.
pub(super) struct Intake {
    pub(super) rows: VrpTableBuilder,
    pub(super) snapshot: RpkiSnapshot,
    pub(super) entries: usize,
    max_vrps: usize,
}

/// One entry of a source, understood.
pub(super) struct Entry<'a> {
    pub(super) prefix: Prefix,
    pub(super) max_length: Option<u8>,
    pub(super) asn: Asn,
    pub(super) trust_anchor: Option<&'a str>,
    pub(super) expires: Option<Timestamp>,
}

impl Intake {
    pub(super) fn new(max_vrps: usize) -> Self {
        Intake {
            rows: VrpTableBuilder::default(),
            snapshot: RpkiSnapshot::default(),
            entries: 0,
            max_vrps,
        }
    }

    /// Takes the next entry, or the reason why there is none.
    pub(super) fn entry(&mut self, entry: Result<Entry<'_>, String>) -> Result<(), DocumentError> {
        self.entries += 1;
        let checked = entry.and_then(|entry| {
            let max_length = entry.max_length.unwrap_or(entry.prefix.length());
            let vrp = Vrp::new(entry.prefix, max_length, entry.asn);
            vrp.map(|vrp| (vrp, entry)).map_err(|error| error.to_string())
        });
        match checked {
            Err(reason) => self.skip("entry", self.entries, &reason),
            Ok(_) if self.rows.len() == self.max_vrps => {
                return Err(DocumentError::TooMany(self.max_vrps));
            }
            Ok((vrp, entry)) => {
                self.rows.push(vrp, entry.expires);
                self.count(entry.trust_anchor);
            }
        }
        Ok(())
    }

    pub(super) fn skip(&mut self, what: &str, number: usize, reason: &str) {
        self.snapshot.skipped.add(|| format!("{what} {number}: {reason}"));
    }

    fn count(&mut self, trust_anchor: Option<&str>) {
        let Some(name) = trust_anchor else { return };
        let counts = &mut self.snapshot.trust_anchors;
        match counts.get_mut(name) {
            Some(count) => *count += 1,
            // It is told to people, so nothing in it may do harm there.
            None => *counts.entry(printable(name)).or_default() += 1,
        }
    }

    pub(super) fn aspas(&mut self) -> &mut AspaTable {
        &mut self.snapshot.aspas
    }

    pub(super) fn into_snapshot(self) -> Result<RpkiSnapshot, DocumentError> {
        let Skipped { count, reasons } = &self.snapshot.skipped;
        if self.rows.is_empty() && self.entries > 0 {
            let reason = reasons.first().cloned().unwrap_or_default();
            return Err(DocumentError::NothingUsable { count: *count, reason });
        }
        Ok(RpkiSnapshot { vrps: self.rows.build(), ..self.snapshot })
    }
}
