//! Requests as command lines: opened from them, copied as them.

use super::{Store, Tab};
use crate::state::{editor::Editor, session::TabDraft};
use leptos::{prelude::*, task::spawn_local};
use wirelab_model::{ParsedCommand, SourceSpec, StartCall};

impl Store {
    /// Opens a `grpcurl` or `wirelab call` line as a request.
    pub fn open_command(self, line: String) {
        let client = self.client();
        self.ask(async move { client.parse_command(line).await }, move |parsed| {
            self.open_parsed(parsed);
        });
    }

    fn open_parsed(self, parsed: ParsedCommand) {
        let ParsedCommand { request, sources, notes } = parsed;
        let known = self.method(&request.spec.method);
        let mut draft = TabDraft { saved: None, dirty: true, ..TabDraft::of_saved(&request) };
        if draft.text.trim().is_empty() {
            draft.text = "{}".into();
        }
        if let Some(method) = &known {
            draft.kind = method.kind;
        }
        let tab = self.open_draft(draft);
        tab.notes.set(notes);
        self.say("Opened the command as a request");
        if known.is_none() {
            self.load_sources_for(tab, sources);
        }
    }

    /// Loads the sources that a line names, until one has the method; what fails stands above the request.
    fn load_sources_for(self, tab: Tab, sources: Vec<SourceSpec>) {
        spawn_local(async move {
            for source in sources {
                match self.client().add_source(source).await {
                    Ok(catalog) => self.take_catalog(catalog),
                    Err(problem) => tab.notes.update(|notes| notes.push(problem)),
                }
                if self.method(&tab.method()).is_some() {
                    break;
                }
            }
        });
    }

    /// Copies the request of a tab as a complete command line; its secrets are left as placeholders.
    pub fn copy_command(self, tab: Tab) {
        let spec = match tab.spec() {
            Ok(spec) => spec,
            Err(problem) => return tab.problem.set(Some(problem)),
        };
        let messages = vec![tab.editor.with_untracked(Editor::message)];
        // Half-typed credentials are no reason to copy nothing: they are placeholders anyway.
        let auth = tab.auth.with_untracked(|auth| auth.as_typed());
        self.copy_command_of(StartCall { spec, messages, finish: true, auth });
    }

    /// Copies a call as a complete command line.
    pub fn copy_command_of(self, call: StartCall) {
        let client = self.client();
        self.ask(async move { client.format_command(call).await }, move |command| {
            let without = match command.left_out.as_slice() {
                [] => String::new(),
                some => format!(" without {}, which it has no flag for", some.join(", ")),
            };
            let program = command.line.split(' ').next().unwrap_or_default().to_owned();
            self.copy(command.line, format!("the {program} command{without}"));
        });
    }
}
