//! Every A and AAAA record of a name, asked of the system.

use super::{Instance, MAX_INSTANCES, Nudge, Place, Resolve, Update, Watch};
use crate::connect::CONNECT_TIMEOUT;
use crate::endpoint::Target;
use crate::explain;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// A name is looked up again this often while its endpoint is in use: the system does not tell how long an
/// answer holds, and this is what most names allow at least.
pub const DNS_REFRESH: Duration = Duration::from_secs(30);
/// Failing calls have a name looked up at most this often.
pub const DNS_MIN_GAP: Duration = Duration::from_millis(200);

/// Finds the socket addresses of a host name and port.
pub(crate) type Lookup =
    Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The system's resolver.
pub(crate) fn system_lookup() -> Lookup {
    Arc::new(|host, port| {
        async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) }.boxed()
    })
}

/// Watches a name.
pub(super) struct Dns {
    pub target: Target,
    pub lookup: Lookup,
}

impl Dns {
    async fn look_up(&self) -> Update {
        let asked = (self.lookup)(self.target.host().to_owned(), self.target.port());
        let late = || {
            Err(io::Error::new(io::ErrorKind::TimedOut, "the name server did not answer in time"))
        };
        let found = timeout(CONNECT_TIMEOUT, asked).await.unwrap_or_else(|_| late());
        let error = match &found {
            Ok(addresses) if !addresses.is_empty() => None,
            Ok(_) => Some(explain::resolve(&self.target, None)),
            Err(error) => Some(explain::resolve(&self.target, Some(error))),
        };
        if let Some(problem) = error {
            return Err(problem);
        }
        let mut instances: Vec<Instance> = Vec::new();
        for address in found.into_iter().flatten() {
            let place = Place::Socket(address);
            if instances.len() <= MAX_INSTANCES
                && instances.iter().all(|known| known.place != place)
            {
                instances.push(Instance { target: self.target.clone(), place, weight: 1 });
            }
        }
        Ok(instances)
    }
}

impl Resolve for Dns {
    fn name(&self) -> &'static str {
        "dns"
    }

    fn looks(&self) -> bool {
        true
    }

    fn watch(self: Box<Self>, nudge: Nudge) -> Watch {
        stream::unfold((self, nudge, None), |(dns, nudge, last)| async move {
            if let Some(last) = last {
                nudge.or_after(DNS_REFRESH).await;
                sleep_until(last + DNS_MIN_GAP).await;
            }
            let update = dns.look_up().await;
            Some((update, (dns, nudge, Some(Instant::now()))))
        })
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// A name server that answers once each with these, then says that the name is not there.
    fn scripted(answers: &[&[&str]]) -> Lookup {
        let mut answers: Vec<Vec<SocketAddr>> = answers
            .iter()
            .map(|answer| answer.iter().map(|address| address.parse().unwrap()).collect())
            .collect();
        answers.reverse();
        let answers = Mutex::new(answers);
        Arc::new(move |host, port| {
            assert_eq!((host.as_str(), port), ("shop.test", 7));
            let next = answers.lock().unwrap().pop();
            async move { next.ok_or_else(|| io::Error::other("no such name")) }.boxed()
        })
    }

    fn places(update: Option<Update>) -> String {
        match update.unwrap() {
            Ok(instances) => {
                let places: Vec<String> =
                    instances.iter().map(|instance| instance.place.to_string()).collect();
                places.join(" ")
            }
            Err(problem) => problem.message,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn names_are_looked_up_on_a_timer_and_when_asked() {
        let lookup = scripted(&[
            &["10.0.0.1:7", "[::1]:7", "10.0.0.1:7"],
            &["10.0.0.2:7"],
            &[],
            &["10.0.0.3:7"],
        ]);
        let nudge = Nudge::default();
        let dns = Dns { target: Target::new("shop.test", 7, false), lookup };
        let mut watch = Box::new(dns).watch(nudge.clone());
        let begin = Instant::now();
        assert_eq!(places(watch.next().await), "10.0.0.1:7 [::1]:7");
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert_eq!(places(watch.next().await), "10.0.0.2:7");
        assert_eq!(begin.elapsed(), DNS_REFRESH);
        nudge.give();
        let none = "the host `shop.test` cannot be found: it has no addresses";
        assert_eq!(places(watch.next().await), none);
        assert_eq!(begin.elapsed(), DNS_REFRESH + DNS_MIN_GAP);
        nudge.give();
        assert_eq!(places(watch.next().await), "10.0.0.3:7");
        assert_eq!(
            places(watch.next().await),
            "the host `shop.test` cannot be found: no such name"
        );
        assert_eq!(begin.elapsed(), 2 * DNS_REFRESH + 2 * DNS_MIN_GAP);
    }
}
