//! API keys: a file of names and hashes.

use ring::digest::{SHA256, digest};
use std::collections::HashMap;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use wirelab_model::{Problem, ProblemKind};

/// The most keys of a file.
pub const MAX_KEYS: usize = 100_000;

/// The keys of a file. What is looked up is the beginning of a hash, which tells nothing of the key; the rest is compared
/// in constant time.
#[derive(Debug, Default)]
pub(super) struct Keys(HashMap<[u8; 8], Vec<Key>>);

#[derive(Debug)]
pub(super) struct Key {
    hash: [u8; 32],
    pub name: Arc<str>,
    pub scopes: Vec<String>,
}

impl Keys {
    /// Reads `name sha256 scope scope …`, a key a line; `#` begins a comment.
    ///
    /// # Errors
    /// Names the line.
    pub fn parse(text: &str) -> Result<Keys, Problem> {
        let mut keys = Keys::default();
        for (line, number) in text.lines().zip(1..) {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            let Some(name) = words.next() else { continue };
            if number as usize > MAX_KEYS {
                let message = format!("there are more than {MAX_KEYS} keys");
                return Err(Problem::new(ProblemKind::TooLarge, message));
            }
            let hash = words.next().and_then(hex).ok_or_else(|| {
                let message = format!("the key {name:?} has no SHA-256 of 64 hexadecimal digits");
                Problem::new(ProblemKind::Syntax, message)
                    .span(number, 1)
                    .help("make it by `printf %s KEY | sha256sum`")
            })?;
            let mut start = [0; 8];
            start.copy_from_slice(&hash[..8]);
            let scopes = words.map(str::to_owned).collect();
            keys.0.entry(start).or_default().push(Key { hash, name: name.into(), scopes });
        }
        Ok(keys)
    }

    /// The key that `secret` is.
    pub fn find(&self, secret: &[u8]) -> Option<&Key> {
        let hash = digest(&SHA256, secret);
        let start: [u8; 8] = hash.as_ref().get(..8)?.try_into().ok()?;
        let same = |key: &&Key| bool::from(key.hash.ct_eq(hash.as_ref()));
        self.0.get(&start)?.iter().find(same)
    }
}

fn hex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in hash.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_by_their_hashes() {
        // `printf %s secret | sha256sum`
        const HASH: &str = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
        let text = format!("# ours\n\napp {HASH} read write # the app\n");
        let keys = Keys::parse(&text).unwrap();
        let key = keys.find(b"secret").unwrap();
        assert_eq!((&*key.name, &key.scopes[..]), ("app", &["read".into(), "write".into()][..]));
        for other in [&b""[..], b"Secret", b"secret ", HASH.as_bytes()] {
            assert!(keys.find(other).is_none());
        }
        for wrong in ["app", "app 12", &format!("ok {HASH}\napp {HASH}0"), "app é"] {
            assert!(Keys::parse(wrong).is_err(), "{wrong}");
        }
    }
}
