//! Programs that run beside a test: started, waited for until they say that they are ready, killed at the end.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a program may take to get ready; generous, because machines that test are busy.
pub const READY: Duration = Duration::from_secs(60);

/// A running program, killed when dropped.
pub struct Running {
    child: Child,
    name: String,
    lines: Receiver<String>,
    said: Arc<Mutex<String>>,
}

impl Running {
    /// Starts `command`; what it says on both streams is kept.
    pub fn start(command: &mut Command) -> Running {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} could not be started: {error}"));
        let (sender, lines) = channel();
        let said = Arc::new(Mutex::new(String::new()));
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
            child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        ];
        for stream in streams.into_iter().flatten() {
            let (sender, said) = (sender.clone(), said.clone());
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Ok(mut said) = said.lock() {
                        said.push_str(&line);
                        said.push('\n');
                    }
                    // Nobody may be reading any more.
                    let _ = sender.send(line);
                }
            });
        }
        Running { child, name, lines, said }
    }

    /// Waits for a line from which `find` gets something.
    pub fn wait_for<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        let until = Instant::now() + READY;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(found) = find(&line) {
                        return found;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("{} did not get ready:\n{}", self.name, self.said())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{} ended:\n{}", self.name, self.said())
                }
            }
        }
    }

    /// Everything it said so far.
    pub fn said(&self) -> String {
        self.said.lock().map(|said| said.clone()).unwrap_or_default()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, and gives its exit code; -1 for a signal.
    pub fn wait(&mut self) -> i32 {
        let child = &mut self.child;
        let ended = || child.try_wait().expect("a child of this process");
        let status = eventually("its end", ended);
        status.code().unwrap_or(-1)
    }

    /// Ends it now.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that was free a moment ago, for programs that cannot choose one themselves.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Asks again and again until there is an answer; `what` says what for.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + READY;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < until, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
