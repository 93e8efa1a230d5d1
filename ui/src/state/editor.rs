//! One request message being edited: its JSON text and, in step with it, the value that the form draws.

use super::json::{self, Json, JsonError};
use std::collections::VecDeque;

/// How many steps can be undone.
const MAX_STEPS: usize = 300;
/// How many bytes of text the steps may hold together.
const MAX_STEP_BYTES: usize = 8 << 20;
/// Edits of the same field closer together than this are one step, milliseconds.
const SAME_STEP_MS: f64 = 900.0;

/// The text, the value it last stood for, and the way back.
#[derive(Clone, Debug, PartialEq)]
pub struct Editor {
    text: String,
    value: Json,
    error: Option<JsonError>,
    undo: VecDeque<String>,
    redo: Vec<String>,
    last: Option<(String, f64)>,
}

impl Default for Editor {
    fn default() -> Self {
        Editor::new("{}")
    }
}

impl Editor {
    /// Begins with `text`.
    pub fn new(text: impl Into<String>) -> Self {
        let mut editor = Editor {
            text: text.into(),
            value: Json::object(),
            error: None,
            undo: VecDeque::new(),
            redo: Vec::new(),
            last: None,
        };
        editor.read();
        editor
    }

    /// The JSON text as typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value of the text when it last was JSON.
    pub fn value(&self) -> &Json {
        &self.value
    }

    /// Why the text is not JSON right now.
    pub fn error(&self) -> Option<&JsonError> {
        self.error.as_ref()
    }

    /// What is sent: the text, or an empty message for an empty text.
    pub fn message(&self) -> String {
        if self.text.trim().is_empty() { "{}".to_owned() } else { self.text.clone() }
    }

    /// Takes a text typed or pasted at `now_ms`.
    pub fn set_text(&mut self, text: String, now_ms: f64) {
        if text != self.text {
            self.step("", now_ms);
            self.text = text;
            self.read();
        }
    }

    /// Takes the value as a form's field `path` changed it at `now_ms`.
    pub fn set_value(&mut self, value: Json, path: &str, now_ms: f64) {
        if value != self.value || self.error.is_some() {
            self.step(path, now_ms);
            self.text = json::pretty(&value);
            self.value = value;
            self.error = None;
        }
    }

    /// Replaces everything, as one step.
    pub fn replace(&mut self, text: String) {
        self.last = None;
        self.set_text(text, 0.0);
        self.last = None;
    }

    /// Lays the text out anew; nothing happens while it is not JSON.
    pub fn tidy(&mut self) {
        if self.error.is_none() && !self.text.trim().is_empty() {
            self.replace(json::pretty(&self.value));
        }
    }

    /// Goes one step back; says whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(text) = self.undo.pop_back() else { return false };
        self.redo.push(std::mem::replace(&mut self.text, text));
        self.last = None;
        self.read();
        true
    }

    /// Goes one step forth again; says whether there was one.
    pub fn redo(&mut self) -> bool {
        let Some(text) = self.redo.pop() else { return false };
        self.undo.push_back(std::mem::replace(&mut self.text, text));
        self.last = None;
        self.read();
        true
    }

    fn step(&mut self, path: &str, now_ms: f64) {
        let same = self
            .last
            .as_ref()
            .is_some_and(|(last, at)| last == path && (0.0..SAME_STEP_MS).contains(&(now_ms - at)));
        if !same {
            self.undo.push_back(self.text.clone());
            let mut bytes: usize = self.undo.iter().map(String::len).sum();
            while self.undo.len() > MAX_STEPS || bytes > MAX_STEP_BYTES {
                bytes -= self.undo.pop_front().map_or(bytes, |text| text.len());
            }
        }
        self.redo.clear();
        self.last = Some((path.to_owned(), now_ms));
    }

    fn read(&mut self) {
        if self.text.trim().is_empty() {
            (self.value, self.error) = (Json::object(), None);
            return;
        }
        match json::parse(&self.text) {
            Ok(value) => (self.value, self.error) = (value, None),
            Err(error) => self.error = Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_typed_text_keeps_the_last_good_value() {
        let mut editor = Editor::new("{\"a\": 1}");
        let good = editor.value().clone();
        editor.set_text("{\"a\": ".into(), 0.0);
        assert_eq!(editor.value(), &good);
        assert_eq!(editor.error().map(|e| (e.line, e.column)), Some((1, 7)));
        editor.set_text("{\"a\": 2}".into(), 1.0);
        assert_eq!(
            (editor.error(), editor.value().get("a")),
            (None, Some(&Json::Number("2".into())))
        );
    }

    #[test]
    fn form_edits_write_the_text() {
        let mut editor = Editor::new("{");
        editor.set_value(Json::Object(vec![("a".into(), Json::Bool(true))]), "a", 0.0);
        assert_eq!(editor.text(), "{\n  \"a\": true\n}");
        assert_eq!(editor.error(), None);
        assert!(editor.undo());
        assert_eq!(editor.text(), "{", "what was half typed comes back");
    }

    #[test]
    fn steps_go_back_and_forth() {
        let mut editor = Editor::new("1");
        for (text, at) in [("2", 0.0), ("23", 100.0), ("234", 5_000.0)] {
            editor.set_text(text.into(), at);
        }
        let mut back = vec![];
        while editor.undo() {
            back.push(editor.text().to_owned());
        }
        assert_eq!(back, ["23", "1"], "quick typing is one step");
        assert!(editor.redo() && editor.redo() && !editor.redo());
        assert_eq!(editor.text(), "234");
        editor.undo();
        editor.set_text("9".into(), 9e9);
        assert!(!editor.redo(), "a new edit forgets what was undone");
    }

    #[test]
    fn steps_are_bounded() {
        let mut editor = Editor::default();
        for i in 0..MAX_STEPS + 50 {
            editor.replace(i.to_string());
        }
        assert_eq!(editor.undo.len(), MAX_STEPS);
        for i in 0..6 {
            editor.replace(format!("{i}{}", "x".repeat(MAX_STEP_BYTES / 2)));
        }
        assert!(editor.undo.len() <= 2);
    }

    #[test]
    fn an_empty_text_is_an_empty_message() {
        let editor = Editor::new(" \n");
        assert_eq!(
            (editor.error(), editor.value(), editor.message().as_str()),
            (None, &Json::object(), "{}")
        );
    }
}
