//! The captures, and a reader of pcap and pcapng that gives what each TCP stream carried.

use std::fs;

use fixtures::real::recording;

/// A stream that was stored as such.
pub(crate) fn made(name: &str) -> Vec<u8> {
    fs::read(recording("bmp/made").join(name)).unwrap()
}

/// What each TCP stream of a capture carried, in the order of the capture: the sequence numbers of
/// some are not continuous, since addresses and content were changed afterwards.
pub(crate) fn streams(name: &str) -> Vec<Vec<u8>> {
    let file = fs::read(recording("bmp/NetGauze+NetGauze").join(name)).unwrap();
    let frames = match file.first_chunk() {
        Some([0x0a, 0x0d, 0x0d, 0x0a]) => pcapng(&file),
        _ => pcap(&file),
    };
    let mut streams: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for (ends, payload) in frames.into_iter().filter_map(tcp) {
        match streams.iter_mut().find(|(known, _)| *known == ends) {
            Some((_, stream)) => stream.extend(payload),
            None => streams.push((ends, payload.to_vec())),
        }
    }
    streams.into_iter().map(|(_, stream)| stream).collect()
}

/// The one stream of a capture.
pub(crate) fn stream(name: &str) -> Vec<u8> {
    let [stream] = <[Vec<u8>; 1]>::try_from(streams(name)).unwrap();
    stream
}

/// Every stream of every capture and of what was made, with its name.
pub(crate) fn all() -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in ["NetGauze+NetGauze", "made"] {
        for file in fs::read_dir(recording("bmp").join(folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".bmp") {
                found.push((name.clone(), made(&name)));
            } else if name.contains(".pcap") {
                found.extend(streams(&name).into_iter().map(|stream| (name.clone(), stream)));
            }
        }
    }
    found.sort();
    found
}

fn pcap(file: &[u8]) -> Vec<&[u8]> {
    assert_eq!(file[..4], [0xd4, 0xc3, 0xb2, 0xa1], "little-endian, microseconds");
    assert_eq!(file[20..24], [1, 0, 0, 0], "Ethernet");
    let mut frames = Vec::new();
    let mut rest = &file[24..];
    while !rest.is_empty() {
        let length = little(&rest[8..12]);
        frames.push(&rest[16..16 + length]);
        rest = &rest[16 + length..];
    }
    frames
}

fn pcapng(file: &[u8]) -> Vec<&[u8]> {
    const ENHANCED_PACKET: usize = 6;
    let mut frames = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let (kind, length) = (little(&rest[..4]), little(&rest[4..8]));
        if kind == ENHANCED_PACKET {
            frames.push(&rest[28..28 + little(&rest[20..24])]);
        }
        rest = &rest[length..];
    }
    frames
}

fn little(octets: &[u8]) -> usize {
    u32::from_le_bytes(octets.try_into().unwrap()) as usize
}

fn big(octets: &[u8]) -> usize {
    u16::from_be_bytes(octets.try_into().unwrap()).into()
}

/// The addresses and ports of a frame that carries TCP, and what it carries.
fn tcp(frame: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    const TCP: u8 = 6;
    let mut at = 12;
    while matches!(big(&frame[at..at + 2]), 0x8100 | 0x88a8) {
        at += 4;
    }
    let packet = &frame[at + 2..];
    let (protocol, addresses, segment) = match big(&frame[at..at + 2]) {
        0x0800 => {
            let header = usize::from(packet[0] & 15) * 4;
            (packet[9], &packet[12..20], &packet[header..big(&packet[2..4])])
        }
        0x86dd => (packet[6], &packet[8..40], &packet[40..40 + big(&packet[4..6])]),
        _ => return None,
    };
    if protocol != TCP {
        return None;
    }
    let payload = &segment[usize::from(segment[12] >> 4) * 4..];
    (!payload.is_empty()).then(|| ([addresses, &segment[..4]].concat(), payload))
}
