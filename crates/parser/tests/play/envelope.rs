//! BMP in the envelope of OpenBMP.

use parser::bmp::{Config, OpenBmp};
use parser::{Everything, Step};

use crate::play::story::Story;

pub(crate) fn read(stream: &[u8], config: Config) -> (Story, Vec<String>) {
    let mut openbmp = OpenBmp::new(config);
    let (mut story, mut rest) = (Story::default(), stream);
    while let Step::Read(octets) = openbmp.step(rest, &Everything, &mut |event| story.add(&event)) {
        rest = &rest[octets..];
    }
    let routers = openbmp.routers().map(|(it, _)| format!("{} {}", it.address, it.group));
    let mut routers: Vec<String> = routers.collect();
    routers.sort();
    (story, routers)
}

/// A message of router `hash` without a time.
pub(crate) fn envelope(hash: u8, group: &[u8], bmp: &[u8]) -> Vec<u8> {
    let mut fields = vec![0x80, 12];
    fields.extend([0; 8 + 16]);
    fields.extend([0, 2, b'i', b's']);
    fields.extend([hash; 16]);
    fields.extend([0; 16]);
    fields.extend(u16::try_from(group.len()).unwrap().to_be_bytes());
    fields.extend(group);
    fields.extend([0, 0, 0, 1]);
    let header = u16::try_from(12 + fields.len()).unwrap();
    let content = u32::try_from(bmp.len()).unwrap();
    let start = [b"OBMP\x01\x07", &header.to_be_bytes()[..], &content.to_be_bytes()].concat();
    [&start, &fields, bmp].concat()
}
