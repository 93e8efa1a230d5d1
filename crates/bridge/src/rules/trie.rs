//! All templates as one tree, in which a path is looked up.
//!
//! A literal is tried before `*`, `*` before `**`, and what was tried in vain is taken back. A `:verb` counts first when
//! a template has it; else the `:` belongs to the last segment. Each node is entered at most once for each place of the
//! path, so that no table and no path takes more time than the product of both.

use super::encoding::{self, Keep};
use super::rule::{Rule, Verb};
use super::template::Segment;
use http::Method;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// Segments that a path may have; one with more matches nothing. It bounds how often `**` may be tried.
pub(crate) const MAX_PATH_SEGMENTS: usize = 256;

/// The tree.
#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    /// Whether any template has a verb.
    verbs: bool,
}

/// What may follow where a template got to.
#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, usize>,
    one: Option<usize>,
    many: Option<usize>,
    ends: Vec<Arc<Rule>>,
}

/// A template that matches a path.
#[derive(Debug)]
pub(super) struct Hit<'t, 'p> {
    pub rule: &'t Arc<Rule>,
    /// The path without its verb.
    pub path: &'p str,
    /// What each `**` took of it.
    pub many: Vec<Range<usize>>,
}

const ROOT: usize = 0;

impl Default for Trie {
    fn default() -> Trie {
        Trie { nodes: vec![Node::default()], verbs: false }
    }
}

impl Trie {
    /// Adds a rule, or gives the one that has its place already.
    pub fn insert(&mut self, rule: &Arc<Rule>) -> Result<(), Arc<Rule>> {
        let mut node = ROOT;
        for segment in rule.template.segments() {
            node = self.child(node, segment);
        }
        let ends = &mut self.nodes[node].ends;
        let same = |other: &&Arc<Rule>| {
            other.verb == rule.verb && other.template.verb() == rule.template.verb()
        };
        if let Some(other) = ends.iter().find(same) {
            return Err(other.clone());
        }
        self.verbs |= rule.template.verb().is_some();
        ends.push(rule.clone());
        Ok(())
    }

    fn child(&mut self, node: usize, segment: &Segment) -> usize {
        let new = self.nodes.len();
        let parent = &mut self.nodes[node];
        let child = match segment {
            Segment::Literal(text) => match parent.literals.get(text.as_str()) {
                Some(child) => *child,
                None => *parent.literals.entry(text.as_str().into()).or_insert(new),
            },
            Segment::One => *parent.one.get_or_insert(new),
            Segment::Many => *parent.many.get_or_insert(new),
        };
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }

    /// The rule for a method and a path.
    pub fn find<'t, 'p>(&'t self, method: &Method, path: &'p str) -> Option<Hit<'t, 'p>> {
        let mut accept = |rules: &'t [Arc<Rule>], verb: Option<&str>| {
            let ends = || rules.iter().filter(|rule| rule.template.verb() == verb);
            let exact = ends().find(|rule| matches!(&rule.verb, Verb::Is(is) if is == method));
            exact.or_else(|| ends().find(|rule| rule.verb == Verb::Any))
        };
        self.walk(path, &mut accept)
    }

    /// The methods of all rules that match a path.
    pub fn methods(&self, path: &str) -> Vec<Method> {
        let mut methods = Vec::new();
        let mut collect = |rules: &[Arc<Rule>], verb: Option<&str>| {
            for rule in rules.iter().filter(|rule| rule.template.verb() == verb) {
                match &rule.verb {
                    Verb::Is(method) if !methods.contains(method) => methods.push(method.clone()),
                    _ => {}
                }
            }
            None
        };
        self.walk(path, &mut collect);
        methods
    }

    /// Asks `accept` at every end that a path leads to, in the order of precedence, until it takes a rule.
    fn walk<'t, 'p>(&'t self, path: &'p str, accept: &mut Accept<'_, 't>) -> Option<Hit<'t, 'p>> {
        if !path.starts_with('/') || path.bytes().filter(|b| *b == b'/').count() > MAX_PATH_SEGMENTS
        {
            return None;
        }
        let mut go = |path: &'p str, verb: Option<&str>| {
            let mut walk = Walk { trie: self, path, verb, accept, many: vec![], tried: None };
            let rule = walk.node(ROOT, 1)?;
            Some(Hit { rule, path, many: walk.many })
        };
        let last = path.rfind('/').unwrap_or_default();
        let verb = self.verbs.then(|| path.get(last..)?.rfind(':')).flatten();
        if let Some(colon) = verb {
            let (path, verb) = path.split_at(last + colon);
            let decoded = encoding::decode(verb.get(1..).unwrap_or_default(), Keep::Nothing);
            if let Some(hit) = decoded.ok().and_then(|verb| go(path, Some(&verb))) {
                return Some(hit);
            }
        }
        go(path, None)
    }
}

/// Takes a rule of those that end where a path does, with that verb, or none.
type Accept<'a, 't> = dyn FnMut(&'t [Arc<Rule>], Option<&str>) -> Option<&'t Arc<Rule>> + 'a;

struct Walk<'a, 't, 'p> {
    trie: &'t Trie,
    path: &'p str,
    verb: Option<&'a str>,
    accept: &'a mut Accept<'a, 't>,
    many: Vec<Range<usize>>,
    /// Places below a `**` that lead nowhere: a node and where in the path.
    tried: Option<HashSet<(usize, usize)>>,
}

impl<'t> Walk<'_, 't, '_> {
    /// What is found from `node` for the segments from offset `at` on; behind the path when none is left.
    fn node(&mut self, node: usize, at: usize) -> Option<&'t Arc<Rule>> {
        if let Some(tried) = &mut self.tried
            && !tried.insert((node, at))
        {
            return None;
        }
        let this: &'t Node = self.trie.nodes.get(node)?;
        let Some(rest) = self.path.get(at..) else {
            let taken =
                if this.ends.is_empty() { None } else { (self.accept)(&this.ends, self.verb) };
            return taken.or_else(|| self.many(this, at));
        };
        let segment = rest.split('/').next().unwrap_or_default();
        let next = at + segment.len() + 1;
        if !this.literals.is_empty() {
            let text = match encoding::decode(segment, Keep::Nothing) {
                Ok(text) => text,
                Err(_) => Cow::Borrowed(segment),
            };
            if let Some(child) = this.literals.get(text.as_ref())
                && let Some(rule) = self.node(*child, next)
            {
                return Some(rule);
            }
        }
        if let Some(child) = this.one
            && !segment.is_empty()
            && let Some(rule) = self.node(child, next)
        {
            return Some(rule);
        }
        self.many(this, at)
    }

    /// What is found when a `**` takes the segments from `at` on: all when nothing can follow, else as few as it gets
    /// by with.
    fn many(&mut self, parent: &'t Node, at: usize) -> Option<&'t Arc<Rule>> {
        let child = parent.many?;
        let node = self.trie.nodes.get(child)?;
        let all = self.path.len() + 1;
        let mut end = if node.is_leaf() { all } else { at };
        if !node.is_leaf() {
            self.tried.get_or_insert_default();
        }
        loop {
            self.many.push(at..end);
            if let Some(rule) = self.node(child, end) {
                return Some(rule);
            }
            self.many.pop();
            let rest = self.path.get(end..)?;
            end = rest.find('/').map_or(all, |slash| end + slash + 1);
        }
    }
}

impl Node {
    fn is_leaf(&self) -> bool {
        self.literals.is_empty() && self.one.is_none() && self.many.is_none()
    }
}

impl Hit<'_, '_> {
    /// The value of each variable, as it stands in the path.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        let template = &self.rule.template;
        let places = if template.variables().is_empty() { vec![] } else { self.places() };
        template.variables().iter().map(move |variable| {
            let mut taken = places.get(variable.segments.clone()).unwrap_or_default().iter();
            let taken: Vec<&Range<usize>> = taken.by_ref().filter(|r| r.start < r.end).collect();
            let start = taken.first().map_or(0, |first| first.start);
            // Behind what each takes is the slash in front of the next one.
            let end = taken.last().map_or(0, |last| last.end.saturating_sub(1));
            self.path.get(start..end).unwrap_or_default()
        })
    }

    /// What each segment of the template took, with the slash behind it.
    fn places(&self) -> Vec<Range<usize>> {
        let mut at = 1;
        let mut many = self.many.iter();
        let place = |segment: &Segment| {
            let place = match segment {
                Segment::Many => many.next().cloned().unwrap_or(at..at),
                _ => {
                    let rest = self.path.get(at..).unwrap_or_default();
                    let end = rest.find('/').unwrap_or(rest.len());
                    at..at + end + 1
                }
            };
            at = place.end;
            place
        };
        self.rule.template.segments().iter().map(place).collect()
    }
}
