use std::fmt;

use aws_lc_rs::{constant_time, hmac};
use lettre::Address;
use mail_parser::Message;

use super::body;
use incidents::IncidentId;

/// What signs the tokens: a secret of 16 octets or more.
#[derive(Clone)]
pub struct ReplyKey(hmac::Key);

/// The secret is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reply key of {0} octets (expected 16 or more, as from `openssl rand -hex 32`)")]
pub struct WeakKey(
    /// How long it is.
    pub usize,
);

/// What proves that a reply is to a mail of ours: `20140402-as4761-3587.k5gzmzi2kbxw4ibs`.
///
/// Lower case and 47 octets at most, as it stands in local parts, which some programs fold and none
/// may be longer than 64 octets (RFC 5321 section 4.5.3.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    incident: IncidentId,
    proof: String,
}

/// 80 bits: beyond guessing where every guess is a mail.
const PROOF: usize = 10;
/// What RFC 4648 section 6 makes of them.
const PROOF_CHARS: usize = 16;
/// A mail that names more tokens is not a reply.
const MOST: usize = 32;

impl ReplyKey {
    /// Takes the secret.
    pub fn new(secret: &[u8]) -> Result<Self, WeakKey> {
        if secret.len() < 16 {
            return Err(WeakKey(secret.len()));
        }
        Ok(ReplyKey(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }
}

impl fmt::Debug for ReplyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyKey(..)")
    }
}

impl Token {
    /// The most octets that one has.
    pub(super) const LONGEST: usize = 47;

    /// The token of one recipient for one incident.
    pub fn new(key: &ReplyKey, incident: &IncidentId, recipient: &Address) -> Self {
        Token { incident: incident.clone(), proof: proof(key, incident, recipient) }
    }

    /// What it says it is about.
    pub fn incident(&self) -> &IncidentId {
        &self.incident
    }

    /// Whether we made it for this recipient.
    pub fn is_ours(&self, key: &ReplyKey, recipient: &Address) -> bool {
        let expected = proof(key, &self.incident, recipient);
        let (one, other) = (self.proof.as_bytes(), expected.as_bytes());
        constant_time::verify_slices_are_equal(one, other).is_ok()
    }

    /// Reads what [`Display`](fmt::Display) writes, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (incident, proof) = text.split_once('.')?;
        let is_proof = proof.len() == PROOF_CHARS && proof.bytes().all(|b| BASE32.contains(&b));
        let incident = IncidentId::from_lower_case(incident)?;
        is_proof.then(|| Token { incident, proof: proof.to_owned() })
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let incident = self.incident.as_str().to_ascii_lowercase();
        let incident = incident.strip_prefix("ow-").unwrap_or(&incident);
        write!(f, "{incident}.{}", self.proof)
    }
}

/// The tokens that a mail names: where it was sent to, else in its text, for programs that do not
/// heed `Reply-To`.
pub(super) fn find(message: &Message<'_>, reply_to: &Address) -> Vec<Token> {
    const HEADERS: [&str; 5] = ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"];
    let is_to = |name: &str| HEADERS.iter().any(|header| header.eq_ignore_ascii_case(name));
    let headers = message.headers_raw().filter(|(name, _)| is_to(name));
    let of_address = |word: &str| {
        let (local, domain) = word.rsplit_once('@')?;
        let (user, detail) = local.split_once('+')?;
        let ours = user.eq_ignore_ascii_case(reply_to.user())
            && domain.eq_ignore_ascii_case(reply_to.domain());
        Token::parse(detail).filter(|_| ours)
    };
    let mut tokens: Vec<Token> = headers
        .flat_map(|(_, value)| value.split(is_between))
        .filter_map(of_address)
        .take(MOST)
        .collect();
    if tokens.is_empty() {
        let text = body::whole_text(message);
        tokens = text.split(is_between).filter_map(Token::parse).take(MOST).collect();
    }
    tokens
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || "<>()[],;\"'".contains(c)
}

fn proof(key: &ReplyKey, incident: &IncidentId, recipient: &Address) -> String {
    let recipient = recipient.to_string().to_ascii_lowercase();
    let signed = format!("originwatch reply\0{incident}\0{recipient}");
    let tag = hmac::sign(&key.0, signed.as_bytes());
    base32(tag.as_ref().get(..PROOF).unwrap_or_default())
}

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// RFC 4648 section 6 in lower case, of whole groups of five octets.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(5) {
        let bits = group.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            let letter = usize::try_from(bits >> (5 * place) & 31).unwrap_or(0);
            text.push(char::from(BASE32.get(letter).copied().unwrap_or(b'a')));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_rfc_4648_section_10() {
        assert_eq!(base32(b"fooba"), "mzxw6ytb");
        assert_eq!(base32(b"foobafooba"), "mzxw6ytbmzxw6ytb");
    }
}
