//! Who runs on which of the machine's processors.

/// A share of the processors.
#[derive(Clone, Copy)]
pub enum Share {
    /// The first one: the contender whose turn it is; the other one is idle.
    Contender,
    /// All others: what makes the requests, and the server.
    Load,
}

/// Keeps this thread, and the threads and programs that it starts from now on, to its share. Where there is but one
/// processor, or the system does not let us, everything runs everywhere, and that is said.
#[cfg(target_os = "linux")]
pub fn keep_to(share: Share) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    use std::sync::OnceLock;

    // Those that this process was given, asked before anything is changed.
    static GIVEN: OnceLock<Vec<usize>> = OnceLock::new();
    let given = GIVEN.get_or_init(|| {
        let set = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
        (0..CpuSet::MAX_CPU).filter(|index| set.is_set(*index)).collect()
    });
    let kept = match given.split_first() {
        Some((first, rest)) if !rest.is_empty() => match share {
            Share::Contender => std::slice::from_ref(first),
            Share::Load => rest,
        },
        _ => return println!("there is one processor: everything shares it"),
    };
    let mut set = CpuSet::new();
    kept.iter().for_each(|index| set.set(*index));
    if let Err(why) = sched_setaffinity(None, &set) {
        println!("the processors cannot be shared out ({why}): everything runs on all of them");
    }
}

/// Other systems have no such call that a program may make without rights.
#[cfg(not(target_os = "linux"))]
pub fn keep_to(_share: Share) {}
