use bgp::Asn;

use super::error::{DocumentError, start_of};
use super::intake::{Entry, Intake};

/// Reads CSV, an OpenBGPD `roa-set`, or BIRD `route .. max .. as ..;` lines.
pub(super) fn read(bytes: &[u8], intake: &mut Intake) -> Result<(), DocumentError> {
    let text = str::from_utf8(bytes).map_err(|_| DocumentError::Unknown(start_of(bytes)))?;
    let mut columns = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line.starts_with('#') || matches!(line, "roa-set {" | "}") {
            continue;
        }
        if line.contains(',') || columns.is_some() {
            let fields = fields(line);
            match columns {
                None => {
                    let header = Columns::of_header(&fields);
                    columns = Some(header.unwrap_or(Columns::DEFAULT));
                    if header.is_none() {
                        intake.entry(Columns::DEFAULT.entry(&fields))?;
                    }
                }
                Some(columns) => intake.entry(columns.entry(&fields))?,
            }
        } else {
            intake.entry(filter_line(line))?;
        }
        // Ten lines of prose or of binary are enough to know that this is no list of VRPs.
        if intake.entries == 10 && intake.snapshot.skipped.count == 10 {
            return Err(DocumentError::Unknown(start_of(bytes)));
        }
    }
    if intake.rows.is_empty() && columns.is_none() {
        return Err(DocumentError::Unknown(start_of(bytes)));
    }
    Ok(())
}

/// Which field of a CSV line is what.
#[derive(Clone, Copy)]
struct Columns {
    asn: usize,
    prefix: usize,
    max_length: Option<usize>,
    trust_anchor: Option<usize>,
    expires: Option<usize>,
}

impl Columns {
    /// Routinator's and rpki-client's, where there is no header.
    const DEFAULT: Columns =
        Columns { asn: 0, prefix: 1, max_length: Some(2), trust_anchor: Some(3), expires: Some(4) };

    fn of_header(fields: &[&str]) -> Option<Columns> {
        let place = |names: &[&str]| {
            let plain = |field: &str| field.to_ascii_lowercase().replace([' ', '_', '-'], "");
            fields.iter().position(|field| names.contains(&plain(field).as_str()))
        };
        Some(Columns {
            asn: place(&["asn", "as", "originas"])?,
            prefix: place(&["ipprefix", "prefix"])?,
            max_length: place(&["maxlength", "maxlen"]),
            trust_anchor: place(&["trustanchor", "ta"]),
            expires: place(&["expires", "notafter"]),
        })
    }

    fn entry<'a>(&self, fields: &[&'a str]) -> Result<Entry<'a>, String> {
        let field = |at: Option<usize>| at.and_then(|at| fields.get(at)).copied().unwrap_or("");
        // Routinator writes N/A for what a local exception does not have.
        let present = |text: &'a str| (!matches!(text, "" | "N/A")).then_some(text);
        let prefix = field(Some(self.prefix)).parse();
        let length = |text: &str| text.parse().map_err(|_| not_a_length(text));
        Ok(Entry {
            asn: asn(field(Some(self.asn)))?,
            prefix: prefix.map_err(|error: bgp::ParsePrefixError| error.to_string())?,
            max_length: present(field(self.max_length)).map(length).transpose()?,
            // Here N/A is what Routinator calls a local exception in JSON too.
            trust_anchor: Some(field(self.trust_anchor)).filter(|name| !name.is_empty()),
            expires: present(field(self.expires)).and_then(|text| text.parse().ok()),
        })
    }
}

/// The fields of a CSV line; no field of a VRP has a quote inside.
fn fields(line: &str) -> Vec<&str> {
    let mut quoted = false;
    let split = line.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    split.map(|field| field.trim().trim_matches('"')).collect()
}

/// `route 192.0.2.0/24 max 24 as 64500;` or `192.0.2.0/24 maxlen 24 source-as 64500`.
fn filter_line(line: &str) -> Result<Entry<'static>, String> {
    let mut words = line.trim_end_matches(';').split_ascii_whitespace().peekable();
    words.next_if(|word| matches!(*word, "route" | "roa"));
    let prefix = words.next().unwrap_or_default().parse();
    let prefix = prefix.map_err(|error: bgp::ParsePrefixError| error.to_string())?;
    let mut entry =
        Entry { prefix, max_length: None, asn: Asn::ZERO, trust_anchor: None, expires: None };
    let mut allowed = None;
    while let Some((word, value)) = words.next().zip(words.next()) {
        match word {
            "max" | "maxlen" => {
                entry.max_length = Some(value.parse().map_err(|_| not_a_length(value))?);
            }
            "as" | "source-as" => allowed = Some(asn(value)?),
            "expires" => entry.expires = value.parse().ok(),
            _ => return Err(format!("unexpected '{}'", word.chars().take(40).collect::<String>())),
        }
    }
    entry.asn = allowed.ok_or("no AS number")?;
    Ok(entry)
}

fn asn(text: &str) -> Result<Asn, String> {
    text.parse().map_err(|error: bgp::ParseAsnError| error.to_string())
}

fn not_a_length(text: &str) -> String {
    format!("'{}' is not a length", text.chars().take(40).collect::<String>())
}
