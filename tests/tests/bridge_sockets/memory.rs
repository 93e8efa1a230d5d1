//! What a process takes.

/// Resident memory of a process, bytes, as Linux tells it.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Now.
    pub now: u64,
    /// The most it ever was.
    pub peak: u64,
}

impl Memory {
    /// Of this process.
    pub fn of(process: u32) -> Memory {
        let path = format!("/proc/{process}/status");
        let status =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let line = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            kib.unwrap_or_else(|| panic!("{path} says no {name}")) << 10
        };
        Memory { now: line("VmRSS:"), peak: line("VmHWM:") }
    }
}
