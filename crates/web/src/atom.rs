//! `/feed.atom`: every notice of late, for readers of feeds (RFC 4287).

use std::fmt::Write as _;
use std::sync::Arc;

use alerter::html::escaped;
use alerter::{AnnotatedNotice, Operator, notice_text};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bgp::Timestamp;

use crate::app_state::{AppState, now};
use crate::problem::Problem;

/// Notices that the feed has.
const LATEST: usize = 100;

pub(crate) async fn feed(State(state): State<Arc<AppState>>) -> Result<Response, Problem> {
    let notices = state.look(|client| client.latest_notices(LATEST)).await?;
    let kind = [(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8")];
    Ok((kind, document(&state.operator, &notices, now())).into_response())
}

/// The feed of these notices, the latest first; of none it was last changed `now`.
fn document(operator: &Operator, notices: &[AnnotatedNotice], now: Timestamp) -> String {
    let site = escaped(operator.site());
    let updated = notices.first().map_or(now, |notice| notice.at);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
         <id>urn:originwatch:{}</id>\n<title>{site}: BGP incidents</title>\n<updated>{updated}</updated>\n\
         <author><name>{site}</name></author>\n<link rel=\"self\" href=\"/feed.atom\"/>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"/\"/>\n",
        urn(operator.site()),
    );
    for notice in notices {
        entry(&mut xml, operator, notice);
    }
    xml + "</feed>\n"
}

/// Named by its Message-ID (RFC 2392), as the mail is.
fn entry(xml: &mut String, operator: &Operator, notice: &AnnotatedNotice) {
    let id = escaped(notice.message_id.trim_matches(['<', '>']));
    let (title, incident) = (escaped(&notice.title), escaped(notice.incident.as_str()));
    let text = notice_text(notice, operator.time_zone());
    let text = text.lines().map(escaped).collect::<Vec<_>>().join("\n");
    // Writing to a string does not fail.
    let _ = write!(
        xml,
        "<entry>\n<id>mid:{id}</id>\n<title>{title}</title>\n<updated>{}</updated>\n\
         <link rel=\"alternate\" type=\"text/html\" href=\"/incidents/{incident}\"/>\n\
         <category term=\"{}\"/>\n<content type=\"text\">{text}</content>\n</entry>\n",
        notice.at, notice.severity,
    );
}

/// What may stand in a URN of it (RFC 8141).
fn urn(site: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    site.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_outsiders_say_cannot_end_an_entry() {
        let operator = Operator::new("A&B </feed>", "", jiff::tz::TimeZone::UTC);
        let now = Timestamp::from_micros(0);
        let empty = document(&operator, &[], now);
        assert!(empty.contains("<title>A&amp;B &lt;/feed&gt;: BGP incidents</title>"), "{empty}");
        assert!(empty.contains("<updated>1970-01-01T00:00:00Z</updated>"), "{empty}");
        assert_eq!(empty.matches("</feed>").count(), 1);
    }
}
