//! The files collected from a server, and how they hang together.

use prost::Message;
use prost_types::FileDescriptorProto;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use wirelab_model::{Problem, ProblemKind};

/// The most files taken, and the most bytes of them together.
const MAX_FILES: usize = 20_000;
const MAX_BYTES: usize = 64 << 20;

/// The field `file` of `google.protobuf.FileDescriptorSet` and its wire type.
const FILE_TAG: u8 = 1 << 3 | 2;

#[derive(Default)]
pub(super) struct Files {
    by_name: HashMap<String, usize>,
    files: Vec<File>,
    bytes: usize,
}

struct File {
    name: String,
    imports: Vec<String>,
    bytes: Vec<u8>,
}

impl Files {
    /// Whether a file of this name is there.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Takes a serialized file; gives its name and imports when it is new.
    pub fn add(&mut self, bytes: Vec<u8>) -> Result<Option<(String, Vec<String>)>, Problem> {
        let file = FileDescriptorProto::decode(&bytes[..]).map_err(|error| {
            let message = format!("the server sent a file that is no descriptor: {error}");
            Problem::new(ProblemKind::Damaged, message).help("look at the server's version")
        })?;
        let name = file.name.clone().unwrap_or_default();
        if name.is_empty() {
            let message = "the server sent a file without a name";
            return Err(Problem::new(ProblemKind::Damaged, message));
        }
        if let Some(known) = self.by_name.get(&name).and_then(|&index| self.files.get(index)) {
            // The same file may be written in more than one way.
            let same = known.bytes == bytes
                || FileDescriptorProto::decode(&known.bytes[..]).is_ok_and(|known| known == file);
            if same {
                return Ok(None);
            }
            let message = "the server sent two different files of this name; the first is used";
            let help = "parts of the server were built from different versions of the file";
            return Err(Problem::new(ProblemKind::Invalid, message).at(name).help(help));
        }
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.by_name.insert(name.clone(), self.files.len());
        self.files.push(File { name: name.clone(), imports: file.dependency.clone(), bytes });
        Ok(Some((name, file.dependency)))
    }

    /// The problem that no more are taken.
    pub fn full(&self) -> Option<Problem> {
        let message = if self.files.len() > MAX_FILES {
            format!("the server has more than {MAX_FILES} files; the rest is left out")
        } else if self.bytes > MAX_BYTES {
            format!("the server's files are larger than {MAX_BYTES} bytes; the rest is left out")
        } else {
            return None;
        };
        Some(Problem::new(ProblemKind::TooLarge, message).help("load .proto files instead"))
    }

    /// The serialized set, imports first, and the cycles in it.
    pub fn finish(self) -> (Vec<u8>, Vec<Problem>) {
        let (order, left) = self.sorted();
        let cycles = self.cycles(&left);
        let mut set = Vec::with_capacity(self.bytes + 6 * self.files.len());
        for index in order.into_iter().chain(left) {
            if let Some(file) = self.files.get(index) {
                set.push(FILE_TAG);
                prost::encoding::encode_varint(file.bytes.len() as u64, &mut set);
                set.extend_from_slice(&file.bytes);
            }
        }
        (set, cycles)
    }

    /// The indices of what a file imports and is there.
    fn imports(&self, index: usize) -> impl Iterator<Item = usize> {
        let imports = self.files.get(index).map_or(&[][..], |file| &file.imports);
        imports.iter().filter_map(|name| self.by_name.get(name).copied())
    }

    /// Kahn's algorithm: files after their imports, and those that are on or behind a cycle.
    fn sorted(&self) -> (Vec<usize>, Vec<usize>) {
        let mut missing: BTreeMap<usize, usize> = BTreeMap::new();
        let mut importers: HashMap<usize, Vec<usize>> = HashMap::new();
        for index in 0..self.files.len() {
            let imports: HashSet<usize> = self.imports(index).collect();
            missing.insert(index, imports.len());
            for import in imports {
                importers.entry(import).or_default().push(index);
            }
        }
        let free = missing.iter().filter(|(_, count)| **count == 0).map(|(index, _)| *index);
        let mut ready: VecDeque<usize> = free.collect();
        let mut order = Vec::with_capacity(self.files.len());
        while let Some(index) = ready.pop_front() {
            order.push(index);
            missing.remove(&index);
            for importer in importers.get(&index).into_iter().flatten() {
                if let Some(count) = missing.get_mut(importer) {
                    *count -= 1;
                    if *count == 0 {
                        ready.push_back(*importer);
                    }
                }
            }
        }
        (order, missing.into_keys().collect())
    }

    /// One problem a cycle among `left`, found by following imports until a file comes again.
    fn cycles(&self, left: &[usize]) -> Vec<Problem> {
        let among: HashSet<usize> = left.iter().copied().collect();
        let mut visited: HashSet<usize> = HashSet::new();
        let mut problems = Vec::new();
        for &start in left {
            let mut way = Vec::new();
            let mut next = Some(start);
            while let Some(index) = next
                && visited.insert(index)
            {
                way.push(index);
                next = self.imports(index).find(|import| among.contains(import));
            }
            let Some(from) = next.and_then(|again| way.iter().position(|index| *index == again))
            else {
                continue;
            };
            let ring = way.iter().skip(from).chain(way.get(from));
            let names: Vec<&str> = ring
                .filter_map(|index| self.files.get(*index))
                .map(|file| file.name.as_str())
                .collect();
            let message = format!("files import each other: {}", names.join(" → "));
            let problem = Problem::new(ProblemKind::ImportCycle, message)
                .help("the server's descriptors are wrong: build it from files without the cycle");
            problems.push(match names.first() {
                Some(name) => problem.at(*name),
                None => problem,
            });
        }
        problems
    }
}
