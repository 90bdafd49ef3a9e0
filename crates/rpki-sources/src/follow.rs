//! One source, followed.

use crate::report::Report;
use crate::source::Source;
use crate::{file, http, rtr};

/// Follows the source for as long as somebody listens to the report.
pub(crate) async fn follow_source(source: Source, report: Report) {
    match source {
        Source::File(path) => file::run(path, report).await,
        Source::Url(url) => http::run(url, report).await,
        Source::Stdin => file::read_stdin(report).await,
        Source::Rtr(cache) => rtr::run(cache, report).await,
    }
}
