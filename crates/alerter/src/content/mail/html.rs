//! A page as HTML that mail programs show as it is meant. The templates of `templates` draw it; whatever they write
//! of a page is escaped.

use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, Output, State, Value, context};
use validator::Severity;

use crate::content::page::{Badge, Page};
use crate::content::text::render_text;
use incidents::printable;

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
    static ENVIRONMENT: LazyLock<Environment<'_>> = LazyLock::new(environment);
    ENVIRONMENT.get_template(name)?.render(context)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(write_escaped);
    for (name, template) in TEMPLATES {
        // One that is wrong is missed when it is wanted.
        environment.add_template(name, template).ok();
    }
    environment
}

/// What macros wrote stands; all else goes on one line, with nothing hidden in it. The formatter of minijinja would
/// write each `/` of a prefix as six characters.
fn write_escaped(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.is_safe() {
        true => write!(out, "{value}")?,
        false => out.write_str(&escaped(&value.to_string()))?,
    }
    Ok(())
}

/// Text between tags or in quotes, safe for both.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
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
