#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirelab_transcode_fuzz::wire_to_json(data));
