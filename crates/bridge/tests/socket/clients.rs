//! Clients that share no code with ours, unchanged. `cargo xtask test` brings them.

use crate::rig::Rig;
use std::path::Path;
use tokio::process::Command;
use wirelab_bridge::Options;

fn path(variable: &str) -> std::ffi::OsString {
    let set = std::env::var_os(variable).filter(|path| !path.is_empty());
    set.unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask test`"))
}

/// What a client said, once it ended well.
async fn said(command: &mut Command) -> String {
    let output = command.kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

fn script(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/socket/clients").join(name)
}

#[tokio::test]
async fn the_client_of_improbable_works_unchanged() {
    let rig = Rig::new(Options::default()).await;
    let mut node = Command::new(path("WIRELAB_NODE"));
    node.arg(script("improbable.mjs")).arg(path("WIRELAB_IMPROBABLE"));
    let said = said(node.arg(format!("http://{}", rig.address))).await;
    insta::assert_snapshot!(said, @r"
    unary headers a value
    unary message 0a026801
    unary end 0  a value
    server headers 
    server message 0a026801
    server message 0a026801
    server message 0a026801
    server end 0  
    client headers 
    client message 0a040a0268010a00
    client end 0  
    bidi headers 
    bidi message 0a026801
    bidi message 
    bidi message 0a026801
    bidi end 0  
    failing headers 
    failing end 5 no 100% 
    ");
}

#[tokio::test]
async fn the_client_of_python_works_with_compression() {
    let rig = Rig::new(Options::default()).await;
    let mut python = Command::new(path("WIRELAB_PYTHON"));
    python.arg(script("websockets_client.py")).arg(rig.address.to_string());
    let said = said(python.env("PYTHONPATH", path("WIRELAB_KOSOKU"))).await;
    insta::assert_snapshot!(said, @r#"
    own wirelab.v1.json ['PerMessageDeflate']
    own @head {"metadata":{}}
    own True
    own True
    own True
    own True
    own {"far":"fragments"}
    own @end {"code":0,"status":"OK"}
    own 1000 
    proxied Bearer
    proxied KB-204-EU
    proxied 1000 
    ping answered
    bomb @end {"code":8,
    bomb 1009 the message is larger than allowed
    refused 404 5
    "#);
}
