//! The bytes of one router's BMP connection, and of an OpenBMP stream. Seeds: the `.bmp` files in
//! `bmp/made` of the shared data.
#![no_main]

mod exhaust;

use parser::bmp::{Config, Event, OpenBmp, Session};
use parser::{Everything, Item, Step};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exhaust::exhaust(bytes);
    let mut session = Session::new(Config::default());
    let mut latest = None;
    session.walk(bytes, None, &Everything, &mut |event| {
        if let Event::Item(Item::Element(element)) = event {
            assert!(latest <= Some(element.at));
            latest = Some(element.at);
            let _ = element.observation();
        }
    });
    let mut openbmp = OpenBmp::new(Config::default());
    let mut rest = bytes;
    while let Step::Read(octets) = openbmp.step(rest, &Everything, &mut |_| ()) {
        rest = &rest[octets..];
    }
});
