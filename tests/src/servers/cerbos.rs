//! Cerbos, with the policies of `tests/servers/policies`.

use super::local;
use crate::http::ask;
use crate::outside;
use crate::process::{Running, eventually, free_port};
use std::process::Command;
use tempfile::TempDir;

/// A running server: gRPC with reflection at a socket of the file system, its own REST face at a port.
pub struct Cerbos {
    process: Running,
    _folder: TempDir,
    /// Where it is called, as `--upstream` has it.
    pub address: String,
    /// Where its grpc-gateway answers.
    pub rest: String,
}

impl Cerbos {
    /// Starts it with everything that it serves: decisions, administration, the playground, the log of decisions.
    pub fn start() -> Cerbos {
        let folder = tempfile::tempdir().expect("a folder");
        let (socket, log) = (folder.path().join("grpc"), folder.path().join("decisions"));
        let rest = local(free_port());
        let settings = [
            ("server.grpcListenAddr", format!("unix:{}", socket.display())),
            ("server.httpListenAddr", rest.clone()),
            ("server.adminAPI.enabled", "true".to_owned()),
            ("server.playgroundEnabled", "true".to_owned()),
            ("storage.driver", "disk".to_owned()),
            (
                "storage.disk.directory",
                outside::checkout("tests/servers/policies").display().to_string(),
            ),
            ("storage.disk.watchForChanges", "false".to_owned()),
            ("audit.enabled", "true".to_owned()),
            ("audit.accessLogsEnabled", "false".to_owned()),
            ("audit.decisionLogsEnabled", "true".to_owned()),
            ("audit.backend", "local".to_owned()),
            ("audit.local.storagePath", log.display().to_string()),
            // No shorter one is allowed.
            ("audit.local.advanced.flushInterval", "1s".to_owned()),
            ("telemetry.disabled", "true".to_owned()),
        ];
        let mut command = Command::new(outside::cerbos());
        command.args(["server", "--debug-listen-addr="]).current_dir(folder.path());
        command.args(settings.iter().map(|(key, value)| format!("--set={key}={value}")));
        let process = Running::start(&mut command);
        process.wait_for(|line| line.contains("Starting HTTP server").then_some(()));
        eventually("Cerbos serves", || {
            std::net::TcpStream::connect(&rest).ok()?;
            (ask(&rest, "GET", "/_cerbos/health", &[], b"").status == 200).then_some(())
        });
        let address = format!("unix://{}", socket.display());
        Cerbos { process, _folder: folder, address, rest }
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        self.process.said()
    }
}
