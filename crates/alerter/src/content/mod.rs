//! What a notification says: titles, texts, pages, mails, in our words or the operator's own.
//!
//! `phrase`, `title` and `words` are the words; `notice_page` and `summary_page` put them in order as a
//! `page`, which `text` and [`mail`] draw.

mod draft;
pub mod html;
pub mod mail;
pub(crate) mod notice_page;
pub(crate) mod page;
pub(crate) mod phrase;
pub(crate) mod summary_page;
pub(crate) mod text;
mod timeline;
pub(crate) mod title;
pub(crate) mod words;

pub use notice_page::notice_text;
pub use page::moment;
pub use phrase::{grouped, plural};
pub use summary_page::summary_text;
