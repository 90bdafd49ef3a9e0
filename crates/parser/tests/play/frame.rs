//! BMP messages with their common header (RFC 7854 section 4.1).

/// Type and body of each message: the plainest reader there can be.
pub(crate) fn messages(stream: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = stream;
    std::iter::from_fn(move || {
        let header: [u8; 6] = rest.get(..6)?.try_into().unwrap();
        let [version, length @ .., kind] = header;
        assert_eq!(version, 3);
        let (message, behind) = rest.split_at(u32::from_be_bytes(length) as usize);
        rest = behind;
        Some((kind, &message[6..]))
    })
}

/// A message with its common header.
pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(6 + body.len()).unwrap();
    [&[3], &length.to_be_bytes()[..], &[kind], body].concat()
}
