//! Notices of the lab as its operator tells them.

use alerter::{AnnotatedNotice, Operator};
use incidents::Notice;
use jiff::tz::TimeZone;

/// British summer time, without a time zone database.
pub(crate) fn bst() -> TimeZone {
    TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0").unwrap()
}

pub(crate) fn operator() -> Operator {
    Operator::new("LON01", "Example Networks", bst())
}

pub(crate) fn annotated(notice: &Notice) -> AnnotatedNotice {
    AnnotatedNotice::new(notice.clone(), &operator())
}
