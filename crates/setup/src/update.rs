//! What is new since a config was written, added to it. The operator's own lines stay as they are.

use std::fmt;

use bgp::{Asn, Prefix};
use toml_edit::{Array, DocumentMut, Item, Table, Value};

use crate::config_text::{reasons, upstream_text, watch_text};
use crate::facts::Facts;
use crate::proposal::{AllowedOrigin, Proposal, ProposedWatch, Upstream};

/// What an update would change, and the config with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// What changes, in the order of the config.
    pub changes: Vec<Change>,
    /// The config with the changes.
    pub text: String,
}

/// Something that differs from the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A prefix that no watch has; boxed for its size.
    Watch(Box<ProposedWatch>),
    /// An AS that may originate a prefix, and is not among the origins of its watch.
    Origin(Prefix, AllowedOrigin),
    /// An AS that stands next to us, and is not among the upstreams.
    Upstream(Upstream),
    /// A prefix that no watch has, and that another watch lets others announce: not added.
    Conflict(Prefix),
    /// A watch that nothing speaks for any more. It stays: only the operator knows whether it is still theirs.
    Gone(Prefix),
}

/// The config cannot be added to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// It is not TOML.
    #[error("{0}")]
    Syntax(String),
    /// Its watches are written as a list, to which no table can be added.
    #[error(
        "the watches are written as a list, watch = [ .. ]: write each as a table under [[watch]]"
    )]
    InlineWatches,
}

/// Adds to the config what is proposed and not in it. `file` is its name, for commands in comments.
pub fn update(
    config: &str,
    proposal: &Proposal,
    facts: &Facts,
    file: &str,
) -> Result<Update, UpdateError> {
    let parsed = config.trim_start_matches('\u{feff}').parse::<DocumentMut>();
    let mut document = parsed.map_err(|error| UpdateError::Syntax(error.to_string()))?;
    let mut changes = upstreams(&mut document, proposal);
    let mut missing: Vec<ProposedWatch> = proposal.watches.clone();
    let mut written = Written::default();
    let mut own: Vec<Asn> = Vec::new();
    if let Some(asns) = document.get("operator").and_then(|operator| operator.get("asns")) {
        own = asns.as_array().into_iter().flatten().filter_map(asn).collect();
    }
    match document.get_mut("watch") {
        None => {}
        Some(Item::ArrayOfTables(watches)) => {
            for watch in watches.iter_mut() {
                let Some(prefix) = prefix(watch) else { continue };
                written.add(prefix, watch);
                match missing.iter().position(|proposed| proposed.prefix == prefix) {
                    Some(place) => {
                        let proposed = missing.remove(place);
                        changes.extend(origins(watch, &proposed, &own));
                    }
                    None if is_gone(watch, facts) => changes.push(Change::Gone(prefix)),
                    None => {}
                }
            }
        }
        Some(_) => return Err(UpdateError::InlineWatches),
    }
    changes.extend(written.settle(&mut missing).into_iter().map(Change::Conflict));
    let mut text = document.to_string();
    if !missing.is_empty() {
        text.truncate(text.trim_end().len());
        text.push_str("\n\n# Added by `originwatch init --update`.\n");
        let added: Vec<_> =
            missing.iter().map(|watch| watch_text(watch, &proposal.issues, file)).collect();
        text.push_str(&added.join("\n"));
    }
    changes.extend(missing.into_iter().map(Box::new).map(Change::Watch));
    Ok(Update { changes, text })
}

/// What the watches of the config say that new ones must not contradict.
#[derive(Default)]
struct Written {
    prefixes: Vec<Prefix>,
    aggregates: Vec<Prefix>,
}

impl Written {
    fn add(&mut self, prefix: Prefix, watch: &Table) {
        self.prefixes.push(prefix);
        let aggregates = watch.get("aggregates").and_then(Item::as_array).into_iter().flatten();
        let aggregates = aggregates.filter_map(|one| one.as_str()?.parse::<Prefix>().ok());
        self.aggregates.extend(aggregates);
    }

    /// Leaves out of the new watches what the written ones keep for us, and those of what the written ones let
    /// others announce; which these are.
    fn settle(&self, missing: &mut Vec<ProposedWatch>) -> Vec<Prefix> {
        for watch in missing.iter_mut() {
            let kept = |prefix: &Prefix| self.prefixes.iter().any(|written| written.covers(prefix));
            watch.aggregates.retain(|(route, _)| !kept(&route.prefix));
        }
        let conflicts = |watch: &ProposedWatch| {
            self.aggregates.iter().any(|aggregate| watch.prefix.covers(aggregate))
        };
        let (conflicting, fine) = std::mem::take(missing).into_iter().partition(conflicts);
        *missing = fine;
        let conflicting: Vec<ProposedWatch> = conflicting;
        conflicting.iter().map(|watch| watch.prefix).collect()
    }
}

/// New neighbours, where the config has a list that leaves others out.
fn upstreams(document: &mut DocumentMut, proposal: &Proposal) -> Vec<Change> {
    let list = document.get_mut("operator").and_then(|operator| operator.get_mut("upstreams"));
    let Some(list) = list.and_then(Item::as_array_mut) else { return Vec::new() };
    let known: Vec<Asn> = list.iter().filter_map(asn).collect();
    if known.is_empty() {
        return Vec::new();
    }
    let new = proposal.upstreams.iter().filter(|upstream| !known.contains(&upstream.asn));
    let add = |upstream: &Upstream| {
        push(list, upstream.asn, &upstream_text(upstream));
        Change::Upstream(*upstream)
    };
    new.map(add).collect()
}

/// New origins of a watch that names its own; a watch without them has those of the operator.
fn origins(watch: &mut Table, proposed: &ProposedWatch, own: &[Asn]) -> Vec<Change> {
    let announced = watch.get("announced").and_then(Item::as_bool).unwrap_or(true);
    let known: Vec<Asn> = match watch.get("origins") {
        None => own.to_vec(),
        Some(Item::Value(Value::Array(list))) => list.iter().filter_map(asn).collect(),
        // "any" has everybody already.
        Some(_) => return Vec::new(),
    };
    let new = proposed.origins.iter().filter(|origin| !known.contains(&origin.asn));
    let new: Vec<&AllowedOrigin> = new.filter(|_| announced).collect();
    if new.is_empty() {
        return Vec::new();
    }
    if watch.get("origins").is_none() {
        let list: Array = known.iter().map(|asn| i64::from(asn.number())).collect();
        watch.insert("origins", Item::Value(Value::Array(list)));
    }
    if let Some(list) = watch.get_mut("origins").and_then(Item::as_array_mut) {
        new.iter().for_each(|origin| push(list, origin.asn, &reasons(origin)));
    }
    new.into_iter().map(|origin| Change::Origin(proposed.prefix, origin.clone())).collect()
}

/// Adds to a list; where it has a line for each element, a line with the reason behind it.
fn push(list: &mut Array, asn: Asn, reason: &str) {
    let mut value = Value::from(i64::from(asn.number()));
    let trailing = list.trailing().as_str().unwrap_or_default().to_owned();
    if list.trailing_comma() && trailing.contains('\n') {
        // The comment of the last element stands in front of the bracket.
        let before = trailing.trim_end_matches([' ', '\t', '\n', '\r']);
        value.decor_mut().set_prefix(format!("{before}\n    "));
        list.push_formatted(value);
        list.set_trailing(format!("  # {reason}\n"));
    } else {
        list.push(value);
    }
}

/// Whether neither RPKI nor a table nor a list knows of it, where something shows what is announced.
fn is_gone(watch: &Table, facts: &Facts) -> bool {
    let announced = watch.get("announced").and_then(Item::as_bool).unwrap_or(true);
    let Some(prefix) = prefix(watch).filter(|_| announced && facts.shows_announcements()) else {
        return false;
    };
    let seen = |survey: &crate::survey::Survey| survey.is_seen(prefix);
    let listed = facts.announced.iter().flatten().any(|(announced, _)| *announced == prefix);
    let covered = facts.snapshot.vrps.covering(prefix).any(|vrp| facts.is_own(vrp.asn()));
    !listed && !covered && !facts.survey.as_ref().is_some_and(seen)
}

fn prefix(watch: &Table) -> Option<Prefix> {
    watch.get("prefix")?.as_str()?.parse().ok()
}

fn asn(value: &Value) -> Option<Asn> {
    match value {
        Value::Integer(number) => u32::try_from(*number.value()).ok().map(Asn::new),
        Value::String(text) => text.value().parse().ok(),
        Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::InlineTable(_) => None,
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Watch(watch) => {
                write!(f, "+ watch {}:", watch.prefix)?;
                let mut lead = " ";
                for origin in &watch.origins {
                    write!(f, "{lead}{} ({})", origin.asn, reasons(origin))?;
                    lead = ", ";
                }
                Ok(())
            }
            Change::Origin(prefix, origin) => {
                write!(f, "+ watch {prefix}: origin {} ({})", origin.asn, reasons(origin))
            }
            Change::Upstream(upstream) => {
                write!(f, "+ upstream {} ({})", upstream.asn, upstream_text(upstream))
            }
            Change::Conflict(prefix) => {
                write!(
                    f,
                    "? watch {prefix}: not added, since `aggregates` of another watch lets others announce it"
                )
            }
            Change::Gone(prefix) => {
                write!(
                    f,
                    "? watch {prefix}: nobody announces it, and no ROA of yours covers it; left as it is"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Evidence;

    const CONFIG: &str = "\
# Ours, since 2019.
[operator]
name = \"Example\"   # not the legal one
asns = [64500]
upstreams = [64510] # the old one

[[watch]]
prefix = \"198.18.0.0/21\"   # pool
origins = [64500]

[[watch]]
prefix = \"198.18.8.0/21\"
# on purpose without origins

[[watch]]
prefix = \"198.18.16.0/21\"
origins = [
    64500,  # VRP
]

[[watch]]
prefix = \"203.0.113.0/24\"
origins = \"any\"

[store]
path = \"here.db\"
";

    fn watch(prefix: &str, origins: &[u32]) -> ProposedWatch {
        let origin =
            |asn: &u32| AllowedOrigin { asn: Asn::new(*asn), evidence: vec![Evidence::Announced] };
        ProposedWatch {
            prefix: prefix.parse().unwrap(),
            origins: origins.iter().map(origin).collect(),
            max_length: None,
            description: String::new(),
            aggregates: Vec::new(),
        }
    }

    fn updated(config: &str, watches: Vec<ProposedWatch>, upstreams: &[u32]) -> Update {
        let upstream =
            |asn: &u32| Upstream { asn: Asn::new(*asn), routes: 1, of: 2, in_aspa: None };
        let upstreams = upstreams.iter().map(upstream).collect();
        let proposal = Proposal { watches, upstreams, ..Proposal::default() };
        update(config, &proposal, &Facts::default(), "ow.toml").unwrap()
    }

    #[test]
    fn nothing_new_changes_no_octet() {
        let same = updated(CONFIG, vec![watch("198.18.0.0/21", &[64500])], &[64510]);
        assert_eq!(same, Update { changes: Vec::new(), text: CONFIG.to_owned() });
    }

    #[test]
    fn what_is_new_is_added_and_the_operators_lines_stay() {
        let watches = vec![
            watch("198.18.0.0/21", &[64500, 64999]),
            watch("198.18.8.0/21", &[64500, 64999]),
            watch("198.18.16.0/21", &[64500, 64999]),
            watch("203.0.113.0/24", &[64999]),
            watch("2001:db8::/32", &[64500]),
        ];
        let update = updated(CONFIG, watches, &[64510, 64511]);
        let mut expected = CONFIG
            .replace("upstreams = [64510]", "upstreams = [64510, 64511]")
            .replace("# pool\norigins = [64500]", "# pool\norigins = [64500, 64999]")
            .replace("198.18.8.0/21\"\n", "198.18.8.0/21\"\norigins = [64500, 64999]\n")
            .replace("64500,  # VRP\n", "64500,  # VRP\n    64999,  # listed as announced\n");
        expected.push_str(
            "\n# Added by `originwatch init --update`.\n[[watch]]\nprefix = \"2001:db8::/32\"\n\
             origins = [64500]  # listed as announced\n",
        );
        assert_eq!(update.text, expected);
        let changes: Vec<_> = update.changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            changes,
            [
                "+ upstream AS64511 (50 % of the paths)",
                "+ watch 198.18.0.0/21: origin AS64999 (listed as announced)",
                "+ watch 198.18.8.0/21: origin AS64999 (listed as announced)",
                "+ watch 198.18.16.0/21: origin AS64999 (listed as announced)",
                "+ watch 2001:db8::/32: AS64500 (listed as announced)",
            ]
        );
    }

    #[test]
    fn a_watch_that_nothing_speaks_for_is_told_and_stays() {
        let announced = [("198.18.0.0/21".parse().unwrap(), Asn::new(64500))];
        let facts = Facts {
            asns: vec![Asn::new(64500)],
            announced: Some(announced.into()),
            ..Facts::default()
        };
        let proposal = Proposal::new(&facts);
        let update = update(CONFIG, &proposal, &facts, "ow.toml").unwrap();
        assert_eq!(update.text, CONFIG);
        let gone = |prefix: &str| Change::Gone(prefix.parse().unwrap());
        let all = ["198.18.8.0/21", "198.18.16.0/21", "203.0.113.0/24"].map(gone);
        assert_eq!(update.changes, all);
    }

    #[test]
    fn watches_in_a_list_are_refused() {
        let config = "watch = [ { prefix = \"198.18.0.0/21\" } ]\n";
        let answer = update(config, &Proposal::default(), &Facts::default(), "ow.toml");
        assert_eq!(answer, Err(UpdateError::InlineWatches));
    }
}
