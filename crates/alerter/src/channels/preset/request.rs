use serde_json::Value;

/// One HTTP POST of JSON.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::channels) struct Request {
    /// What comes behind the URL of the config: path segments, not encoded yet.
    pub(in crate::channels) path: Vec<String>,
    /// What comes behind `?`.
    pub(in crate::channels) query: Option<&'static str>,
    /// The body.
    pub(in crate::channels) body: Value,
}

/// At most so many characters, and a mark where there were more.
pub(super) fn cut(text: &str, longest: usize) -> String {
    const MARK: &str = " ..";
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(MARK.len())).chain(MARK.chars()).collect()
}
