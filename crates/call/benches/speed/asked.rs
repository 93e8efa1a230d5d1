//! What a bench is asked for on its command line: `[--fast] [NAME]...`. The bench of the bridge has it from here.

use std::env;

/// What the command line says.
pub struct Asked {
    /// Without `--bench`, which `cargo bench` passes, contenders are checked and not timed.
    pub timed: bool,
    /// Whether it shall take a part of the time.
    pub fast: bool,
    /// What is wanted: those that were named, or all.
    pub names: Vec<String>,
}

impl Asked {
    /// Reads it; `known` can be named.
    ///
    /// # Errors
    /// A word that is nothing of these, with those that are.
    pub fn read(known: &[&str]) -> Result<Asked, String> {
        let mut asked = Asked { timed: false, fast: false, names: Vec::new() };
        for word in env::args().skip(1) {
            match word.as_str() {
                "--bench" => asked.timed = true,
                "--fast" => asked.fast = true,
                name if known.contains(&name) => asked.names.push(word),
                _ => return Err(format!("{word:?} is none of --fast, {}", known.join(", "))),
            }
        }
        if asked.names.is_empty() {
            asked.names = known.iter().map(|name| (*name).to_owned()).collect();
        }
        Ok(asked)
    }
}
