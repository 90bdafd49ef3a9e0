//! HTML from templates: whatever they write of data is escaped, and shows nothing hidden.

use incidents::printable;
use minijinja::{AutoEscape, Environment, Error, Output, State, Value};

/// Templates, each with its name, that write what is given to them escaped. One that is wrong is missed when it is
/// wanted.
pub fn environment(templates: &[(&'static str, &'static str)]) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(write_escaped);
    for (name, template) in templates {
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
pub fn escaped(text: &str) -> String {
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
