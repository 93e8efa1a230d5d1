//! `wirelab health`: what a server says of its health, once or whenever it changes.

use crate::{
    args, endpoint, header, output,
    source::{Keep, Opened},
};
use futures_util::StreamExt;
use std::pin::pin;
use wirelab_model::{Health, HealthQuery, Problem};

pub async fn run(args: args::Health) -> Result<u8, Problem> {
    let query = HealthQuery {
        endpoint: endpoint::endpoint(&args.address, &args.connection)?,
        service: args.service,
        metadata: header::metadata(&args.headers, false)?,
    };
    let opened = Opened::new(Vec::new(), Keep::Nothing, None).await?;
    let code = match args.watch {
        true => {
            let mut changes = pin!(opened.studio.health_changes(query));
            let mut interrupted = pin!(tokio::signal::ctrl_c());
            let mut code = Ok(0);
            while code.is_ok() {
                tokio::select! {
                    Some(health) = changes.next() => code = tell(&health),
                    _ = &mut interrupted => break,
                }
            }
            code
        }
        false => tell(&opened.studio.check_health(&query).await),
    };
    opened.studio.close().await;
    code
}

/// Prints it and gives its exit code.
fn tell(health: &Health) -> Result<u8, Problem> {
    let (word, code) = match health {
        Health::Serving => ("SERVING", 0),
        Health::NotServing => ("NOT_SERVING", 4),
        Health::Unknown => ("SERVICE_UNKNOWN", 3),
        Health::Up => ("UNIMPLEMENTED", 3),
        Health::Down(problem) => {
            output::problem(problem);
            ("DOWN", 2)
        }
    };
    output::print(word).map(|()| code)
}
