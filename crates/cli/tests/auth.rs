//! Credentials on the command line.

mod common;

use common::run;

#[test]
fn credentials() {
    let echo = "helloworld.Greeter/SayHello -H 'demo-echo-metadata: true' -v --no-history";
    let lines = [
        format!("call {{sample}} {echo} --auth bearer:abc"),
        format!("call {{sample}} {echo} --auth bearer:env:COLUMNS"),
        format!("call {{sample}} {echo} --auth basic:Aladdin:'open sesame'"),
        format!("call {{sample}} {echo} --auth api-key:x-api-key:k"),
        format!("call {{sample}} {echo} -H 'authorization: typed' --auth bearer:abc"),
        "list {sample} --auth bearer:abc helloworld.Greeter".to_owned(),
        "list {sample} --auth bearer:".to_owned(),
        "list {sample} --auth bearer:env:WIRELAB_NOT_SET".to_owned(),
        "list {sample} --auth abc".to_owned(),
        "list {sample} --auth jwt:abc".to_owned(),
        "list {sample} --auth @Cargo.toml".to_owned(),
        "call {sample} helloworld.Greeter/SayHello --auth bearer:abc --print-command".to_owned(),
    ];
    let cases: Vec<(&str, &str)> = lines.iter().map(|line| (line.as_str(), "")).collect();
    insta::assert_snapshot!("credentials", run(&cases));
}
