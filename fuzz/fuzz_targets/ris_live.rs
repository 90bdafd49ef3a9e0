//! RIS Live lines. Seeds: the files in `rislive/` of the shared data.
#![no_main]

mod exhaust;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    exhaust::exhaust(bytes);
    // Whatever the first octet is, it is a line.
    exhaust::exhaust(&[b"{}\n", bytes].concat());
});
