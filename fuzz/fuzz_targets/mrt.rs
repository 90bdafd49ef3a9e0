//! A stream of MRT records. Seeds: plain heads of the files in `mrt/` of the shared data.
#![no_main]

mod exhaust;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exhaust::exhaust(bytes);
    // Behind a peer index table of three, so that table records get past their peers.
    let peers = b"\0\0\0\x01\0\x0d\0\x01\0\0\0\x29\0\0\0\0\0\0\0\x03\
        \0\0\0\0\0\xc0\0\x02\x01\0\x01\0\0\0\0\0\xc0\0\x02\x02\0\x02\0\0\0\0\0\xc0\0\x02\x03\0\x03";
    exhaust::exhaust(&[peers, bytes].concat());
});
