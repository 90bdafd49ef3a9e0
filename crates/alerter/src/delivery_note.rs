use std::time::Duration;

/// What a delivery attempt says beside the notification, before anything else in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryNote {
    /// It comes late: nobody must take the past for the present.
    Late {
        /// By how much.
        by: Duration,
        /// What held it up.
        why: String,
    },
    /// The store did not take it, so that it is not known whether it arrives. It comes again, with the same
    /// Message-ID, when the store takes it.
    NotStored {
        /// Why it does not.
        why: String,
    },
}

impl DeliveryNote {
    /// A sentence, and the reason as others gave it.
    pub(crate) fn words(&self) -> [String; 2] {
        match self {
            DeliveryNote::Late { by, why } => {
                let minutes = by.as_secs() / 60;
                let by = match minutes {
                    0..120 => format!("{minutes} min"),
                    _ => format!("{} h {} min", minutes / 60, minutes % 60),
                };
                [format!("This mail is {by} late. What held it up:"), why.clone()]
            }
            DeliveryNote::NotStored { why } => {
                let what = "Not stored, so this comes again when the store can be written:";
                [what.to_owned(), why.clone()]
            }
        }
    }
}
