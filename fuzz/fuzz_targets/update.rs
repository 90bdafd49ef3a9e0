//! The body of one BGP UPDATE, on every kind of session: the first octet chooses.
#![no_main]

mod exhaust;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, update)) = bytes.split_first() else { return };
    let (subtype, asns): (u8, &[u8]) = match choice % 4 {
        0 => (1, &[0, 1, 0, 2]),
        1 => (4, &[0, 0, 0, 1, 0, 0, 0, 2]),
        2 => (8, &[0, 1, 0, 2]),
        _ => (9, &[0, 0, 0, 1, 0, 0, 0, 2]),
    };
    let Ok(length) = u16::try_from(update.len() + 19) else { return };
    let mut body = asns.to_vec();
    body.extend([0, 0, 0, 1, 192, 0, 2, 1, 192, 0, 2, 2]);
    body.extend([0xff; 16]);
    body.extend(length.to_be_bytes());
    body.push(2);
    body.extend(update);
    let mut record = vec![0, 0, 0, 1, 0, 16, 0, subtype];
    record.extend((body.len() as u32).to_be_bytes());
    record.extend(body);
    exhaust::exhaust(&record);
});
