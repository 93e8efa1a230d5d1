#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirelab_bridge_fuzz::rest(data));
