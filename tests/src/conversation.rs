//! A call by the command line that goes on while the test looks on: requests are written and answers read in turn.

use crate::outside;
use crate::process::{READY, eventually};
use serde_json::Value;
use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use tempfile::TempDir;

/// A running `wirelab call -d @-`, killed when dropped.
pub struct Conversation {
    child: Child,
    requests: Option<ChildStdin>,
    answers: Receiver<Value>,
    complaints: Option<JoinHandle<String>>,
    _data: TempDir,
}

impl Conversation {
    /// Begins a call with the arguments after `wirelab call`, without `-d`.
    pub fn start(arguments: &[&str]) -> Conversation {
        let data = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(outside::wirelab());
        command.arg("call").args(arguments).args(["-d", "@-"]);
        command.current_dir(outside::checkout("."));
        command.env("WIRELAB_DATA_DIR", data.path()).env("NO_COLOR", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("wirelab starts");
        let requests = child.stdin.take();
        let (sender, answers) = channel();
        if let Some(out) = child.stdout.take() {
            std::thread::spawn(move || {
                let values = serde_json::Deserializer::from_reader(BufReader::new(out));
                for value in values.into_iter().map_while(Result::ok) {
                    // Nobody may be listening any more.
                    let _ = sender.send(value);
                }
            });
        }
        let complaints = child.stderr.take().map(|mut err| {
            std::thread::spawn(move || {
                let mut text = String::new();
                // What was read before an error is shown.
                let _ = err.read_to_string(&mut text);
                text
            })
        });
        Conversation { child, requests, answers, complaints, _data: data }
    }

    /// Sends a request.
    pub fn say(&mut self, request: &Value) {
        let pipe = self.requests.as_mut().expect("the call is open");
        writeln!(pipe, "{request}").and_then(|()| pipe.flush()).expect("the call goes on");
    }

    /// Says that there are no more requests.
    pub fn finish(&mut self) {
        drop(self.requests.take());
    }

    /// Waits for the next answer.
    pub fn hear(&mut self) -> Value {
        match self.answers.recv_timeout(READY) {
            Ok(answer) => answer,
            Err(_) => {
                self.kill();
                panic!("no answer came: {}", self.complaints())
            }
        }
    }

    /// Sends no more: the answers that still came, the exit code, and what was complained about.
    pub fn end(mut self) -> (Vec<Value>, i32, String) {
        self.finish();
        self.finished()
    }

    /// Types Ctrl-C; what [`Conversation::end`] says then.
    pub fn interrupt(self) -> (Vec<Value>, i32, String) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-INT", &id]).status();
        assert!(status.is_ok_and(|status| status.success()), "a signal is sent");
        self.finished()
    }

    fn finished(mut self) -> (Vec<Value>, i32, String) {
        let mut rest = Vec::new();
        while let Ok(answer) = self.answers.recv_timeout(READY) {
            rest.push(answer);
        }
        // Its output has ended, or nothing came for a long time; what ends has a moment left to do so.
        eventually("the call ends", || {
            self.child.try_wait().is_ok_and(|s| s.is_some()).then_some(())
        });
        let status = self.child.wait().expect("a child of this process");
        (rest, status.code().unwrap_or(-1), self.complaints())
    }

    fn complaints(&mut self) -> String {
        let reader = self.complaints.take();
        reader.map(|reader| reader.join().expect("it reads")).unwrap_or_default()
    }

    fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.kill();
    }
}
