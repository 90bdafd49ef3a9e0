//! What would be told if something had happened, to try out the ways to those who are told.

use crate::dispatch::DispatchRules;
use crate::dispatch_note::DispatchNote;
use crate::notice::AnnotatedNotice;
use crate::notification::Content;
use bgp::Timestamp;
use incidents::{IncidentId, Notice, Reason, State};
use validator::{Area, IncidentKind, KindSpec, OriginValidation, ValidationState};

/// The first and the last notification of an incident of this kind that did not happen: both say so, in the
/// subject and in the text. Each second has incidents of its own, so that nobody takes the notifications of
/// one drill for repetitions of another's.
pub fn drill(kind: IncidentKind, now: Timestamp, rules: &DispatchRules) -> Vec<Content> {
    let sample: Result<AnnotatedNotice, _> =
        serde_json::from_str(include_str!("channels/sample.json"));
    let now = Timestamp::from_seconds(now.seconds());
    let course = [(Reason::Opened, State::Open, 0), (Reason::Resolved, State::Resolved, 1)];
    let notification = |(reason, state, sequence)| {
        let sample = of_kind(sample.as_ref().ok()?.notice.clone(), kind);
        let mut notice = Notice {
            incident: IncidentId::of_drill(now, kind),
            sequence,
            update: 0,
            reason,
            state,
            at: now,
            first_seen: now,
            since: now,
            last_seen: now,
            changes: Vec::new(),
            ..sample
        };
        notice.evidence.iter_mut().for_each(|sight| sight.at = now);
        let mut notice = AnnotatedNotice::new(notice, &rules.operator);
        notice.dispatch_notes.push(DispatchNote::Drill);
        notice.title.push_str(" - DRILL");
        Some(Content::Notice(Box::new(notice)))
    };
    course.into_iter().filter_map(notification).collect()
}

/// A hijack, made into something else: a condition of ours has no routes and no offender.
fn of_kind(sample: Notice, kind: IncidentKind) -> Notice {
    let rov = sample.prefixes.first().map(|affected| affected.rov.clone());
    let state = rov.map_or(ValidationState::NotFound, |rov: OriginValidation| rov.state());
    let mut notice = Notice { kind, severity: kind.severity(state, false), ..sample };
    notice.prefixes.iter_mut().for_each(|affected| affected.kind = kind);
    let KindSpec { area, drill, .. } = kind.spec();
    match area {
        Area::Hijack | Area::OthersRoutes | Area::OwnRoutes | Area::OwnRoutesInRpki => {
            return notice;
        }
        Area::Reachability => {
            notice.offenders.clear();
            notice.accepted_by.clear();
            return notice;
        }
        Area::RpkiData | Area::DataSource | Area::Delivery => {}
    }
    drill.unwrap_or_default().clone_into(&mut notice.subject);
    notice.details = vec!["what would be said of it stands here".to_owned()];
    notice.offenders.clear();
    notice.accepted_by.clear();
    notice.upstreams.clear();
    notice.prefixes.clear();
    notice.prefix_count = 0;
    notice.evidence.clear();
    notice.evidence_count = 0;
    notice.advice = incidents::Advice::default();
    notice
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::content::mail::{Mail, MailComposer};

    #[test]
    fn a_drill_of_each_kind_says_so_in_its_subject_and_first_of_all_in_its_text() {
        let head = MailComposer::new("watch@example.net".parse().unwrap(), TimeZone::UTC);
        let now = Timestamp::from_seconds(1_800_000_000);
        let mut ids = std::collections::BTreeSet::new();
        for kind in IncidentKind::ALL {
            let notifications = drill(kind, now, &DispatchRules::default());
            let courses: Vec<_> =
                notifications.iter().map(|notification| notification.title().to_owned()).collect();
            assert_eq!(courses.len(), 2, "{kind}");
            for notification in &notifications {
                assert_eq!(
                    (notification.kind(), notification.key()),
                    (Some(kind), notifications[0].key())
                );
                assert_eq!(notification.thread_id(), notifications[0].message_id());
                ids.insert(notification.message_id().to_owned());
                let to = "noc@example.net".parse().unwrap();
                let mail = Mail::compose(notification, &head, &to, None).unwrap();
                assert!(mail.subject().starts_with("[originwatch] DRILL "), "{}", mail.subject());
                let text = String::from_utf8(mail.formatted()).unwrap();
                assert!(text.contains("This is a drill: nothing has happened."), "{text}");
            }
        }
        let later = drill(
            IncidentKind::RpkiStale,
            now + std::time::Duration::from_secs(1),
            &DispatchRules::default(),
        );
        ids.extend(later.iter().map(|notification| notification.message_id().to_owned()));
        assert_eq!(ids.len(), 2 * IncidentKind::ALL.len() + 2);
    }
}
