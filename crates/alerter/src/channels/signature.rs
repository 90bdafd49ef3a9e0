use std::sync::Arc;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bgp::Timestamp;

/// The shortest secret that is worth the name: 128 bits, as text.
const SHORTEST: usize = 16;

/// The key that signs webhooks, by the Standard Webhooks specification: HMAC-SHA256 over
/// `id.timestamp.body`, so that neither can be exchanged and an old request is known as old.
#[derive(Clone)]
pub struct SigningKey(Arc<hmac::Key>);

/// A secret that cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Behind `whsec_` stands no base64.
    #[error("what follows whsec_ is not base64")]
    Base64,
    /// It could be guessed.
    #[error("the secret is shorter than {SHORTEST} octets")]
    Short,
}

impl SigningKey {
    /// Reads a secret: base64 behind `whsec_`, as services hand it out, else the octets as they stand.
    ///
    /// # Errors
    ///
    /// Where it is no base64, or too short.
    pub fn new(secret: &str) -> Result<Self, SecretError> {
        let octets = match secret.strip_prefix("whsec_") {
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| SecretError::Base64)?,
            None => secret.as_bytes().to_vec(),
        };
        if octets.len() < SHORTEST {
            return Err(SecretError::Short);
        }
        Ok(SigningKey(Arc::new(hmac::Key::new(HMAC_SHA256, &octets))))
    }

    /// The header fields that prove a body.
    pub(super) fn headers(
        &self,
        id: &str,
        now: Timestamp,
        body: &[u8],
    ) -> [(&'static str, String); 3] {
        let mut signed = format!("{id}.{}.", now.seconds()).into_bytes();
        signed.extend_from_slice(body);
        let tag = hmac::sign(&self.0, &signed);
        [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", now.seconds().to_string()),
            ("webhook-signature", format!("v1,{}", STANDARD.encode(tag))),
        ]
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification and of its reference libraries
    /// (standard-webhooks/standard-webhooks, `libraries/*/tests`).
    #[test]
    fn the_vector_of_the_specification() {
        let key = SigningKey::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let now = Timestamp::from_seconds(1_614_265_330);
        let body = br#"{"test": 2432232314}"#;
        let [_, _, (_, signature)] = key.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", now, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_cannot_sign_is_told() {
        assert!(matches!(SigningKey::new("whsec_***"), Err(SecretError::Base64)));
        assert!(matches!(SigningKey::new("short"), Err(SecretError::Short)));
        let key = SigningKey::new("0123456789abcdef").unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey");
    }
}
