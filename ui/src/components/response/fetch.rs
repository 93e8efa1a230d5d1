//! Fetching of what a call view looks at: rows, whole messages, types.

use super::call_view::CallView;
use crate::state::response::Response;
use leptos::{prelude::*, task::spawn_local};
use std::sync::Arc;
use wirelab_model::{CallId, Direction, FormTypes, MessageQuery, Problem};

impl CallView {
    /// The types of the messages that go this way, fetched when they are not there yet.
    pub(super) fn types(self, direction: Direction) -> Option<Arc<FormTypes>> {
        let method = self.with(|response| response.record().spec.method.clone())?;
        let method = self.store.method(&method)?;
        let name = match direction {
            Direction::Sent => method.input,
            Direction::Received => method.output,
        };
        if let Some(types) = self.types.with(|types| types.get(&name).cloned()) {
            return (types.root == name).then_some(types);
        }
        // The place is taken while the types are asked for; hints are not worth an error.
        self.types.update_untracked(|types| {
            types.insert(name.clone(), Arc::default());
        });
        spawn_local(async move {
            if let Ok(form) = self.store.client().form(name.clone()).await {
                self.types.try_update(|types| types.insert(name, Arc::new(form.types)));
            }
        });
        None
    }

    /// Asks for rows in view that are not there, and for those the charts need.
    pub(super) fn fetch_rows(self) {
        Effect::new(move |_| {
            let in_view = self.in_view.get();
            self.response.track();
            let wanted = self.response.try_update_untracked(|response| {
                let response = response.as_mut()?;
                Some((response.messages_mut().wanted(in_view), response.flow_wanted()))
            });
            let Some(Some((rows, flow))) = wanted else { return };
            if let Some(query) = rows {
                spawn_local(async move {
                    match self.store.client().messages(query.clone()).await {
                        Ok(rows) => self.answer(query.call, |r| r.answered(&query, rows)),
                        Err(problem) => self.refused(query.call, problem),
                    }
                });
            }
            if let Some(query) = flow {
                spawn_local(async move {
                    match self.store.client().messages(query.clone()).await {
                        Ok(rows) => self.answer(query.call, |r| r.flow_answered(rows)),
                        Err(problem) => self.refused(query.call, problem),
                    }
                });
            }
        });
    }

    pub(super) fn fetch_detail(self, call: CallId, index: u64) {
        if self.asking.with_value(|asking| asking.contains(&(call, index))) {
            return;
        }
        self.asking.update_value(|asking| {
            asking.insert((call, index));
        });
        spawn_local(async move {
            let reply = self.store.client().message(MessageQuery { call, index }).await;
            self.asking.try_update_value(|asking| asking.remove(&(call, index)));
            match reply {
                Ok(detail) => {
                    self.answer(call, |response| response.set_detail(detail));
                    self.problem.try_set(None);
                }
                Err(problem) => self.refused(call, problem),
            }
        });
    }

    /// Takes an answer unless the screen shows another call by now, or nothing.
    fn answer(self, call: CallId, take: impl FnOnce(&mut Response)) {
        self.response.try_maybe_update(|response| match response {
            Some(response) if response.id() == call => {
                take(response);
                (true, ())
            }
            _ => (false, ()),
        });
    }

    /// Asks again for what could not be fetched.
    pub fn retry(self) {
        self.problem.set(None);
        self.change(Response::ask_again);
    }

    /// What could not be fetched is not asked for again until somebody wants it.
    fn refused(self, call: CallId, problem: Problem) {
        let id = self.response.try_with_untracked(|r| r.as_ref().map(Response::id)).flatten();
        if id == Some(call) {
            self.problem.try_set(Some(problem));
        }
    }
}
