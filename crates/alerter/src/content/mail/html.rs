//! A page as HTML that mail programs show as it is meant. The templates of `templates` draw it; whatever they write
//! of a page is escaped.

use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{Environment, Error, Value, context};
use validator::Severity;

use crate::content::html::{environment, escaped};
use crate::content::page::{Badge, Page};
use crate::content::text::render_text;

const TEMPLATES: [(&str, &str); 3] = [
    ("head.html", include_str!("templates/head.html")),
    ("page.html", include_str!("templates/page.html")),
    ("text.html", include_str!("templates/text.html")),
];

/// Seen well on white and on black.
const RED: &str = "#d84343";
const ORANGE: &str = "#e07b00";
const BLUE: &str = "#3d85d9";
const GREEN: &str = "#3d9950";

/// The whole document.
pub(super) fn render_html(page: &Page) -> String {
    let context = context! { page => Serde(page), colour => colour(&page.badge), quiet => GREEN };
    // The tests rule it out; if it happened, it must cost the layout and not the mail.
    render("page.html", context).unwrap_or_else(|_| render_text_as_html(&render_text(page)))
}

/// A text of the operator's own, as it stands.
pub(super) fn render_text_as_html(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    render("text.html", context! { lines })
        .unwrap_or_else(|_| format!("<pre>{}</pre>\n", escaped(text)))
}

fn render(name: &str, context: Value) -> Result<String, Error> {
    static ENVIRONMENT: LazyLock<Environment<'_>> = LazyLock::new(|| environment(&TEMPLATES));
    ENVIRONMENT.get_template(name)?.render(context)
}

const fn colour(badge: &Badge) -> &'static str {
    match (badge.over, badge.severity) {
        (true, Severity::Critical | Severity::Warning | Severity::Notice) => GREEN,
        (false, Severity::Critical) => RED,
        (false, Severity::Warning) => ORANGE,
        (false, Severity::Notice) => BLUE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_can_be_rendered() {
        let badge = Badge { severity: Severity::Critical, over: false, status: String::new() };
        let page = Page::new("<title>".to_owned(), badge);
        assert!(
            render("page.html", context! { page => Serde(&page) }).unwrap().contains("&lt;title")
        );
        assert!(render("text.html", context! { lines => ["'"] }).unwrap().contains(">&#39;</pre>"));
    }
}
