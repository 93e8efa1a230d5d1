#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirelab_transcode_fuzz::json_to_wire(data));
