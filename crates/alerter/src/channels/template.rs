use std::path::Path;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::event::Event;

/// More steps than any body needs: a template that loops ends here.
const FUEL: u64 = 1_000_000;

/// The body of a webhook as the user wants it: a minijinja template that sees the fields of an
/// [`Event`] and renders JSON. What `{{ }}` puts in is JSON already, quotes and all.
#[derive(Clone, Debug)]
pub struct Template {
    environment: Environment<'static>,
    /// The file, for those who have to put it right.
    name: String,
}

/// A template that makes no body.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// It is none, or what it asks for is not there.
    #[error("{name}: {reason}")]
    Template {
        /// The file.
        name: String,
        /// What is wrong, and in which line.
        reason: String,
    },
    /// What it makes is not JSON.
    #[error("{name}: what it renders is not JSON: {error}")]
    Json {
        /// The file.
        name: String,
        /// Where in what it renders.
        error: serde_json::Error,
    },
}

impl Template {
    /// Reads a template, and tries it on every event of `samples`.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or does not render each of them.
    pub fn new(path: &Path, source: &str, samples: &[Event]) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Json);
        let name = path.display().to_string();
        let added = environment.add_template_owned(name.clone(), source.to_owned());
        added.map_err(|error| told(&name, &error))?;
        let template = Template { environment, name };
        for sample in samples {
            template.render(sample)?;
        }
        Ok(template)
    }

    /// The body.
    pub(super) fn render(&self, event: &Event) -> Result<serde_json::Value, TemplateError> {
        let Template { environment, name } = self;
        let template = environment.get_template(name).map_err(|error| told(name, &error))?;
        let rendered = template.render(Serde(event)).map_err(|error| told(name, &error))?;
        let body = serde_json::from_str(&rendered);
        body.map_err(|error| TemplateError::Json { name: name.clone(), error })
    }
}

/// With the line, on one line.
fn told(name: &str, error: &minijinja::Error) -> TemplateError {
    let reason = super::error::one_line(error);
    TemplateError::Template { name: name.to_owned(), reason }
}
