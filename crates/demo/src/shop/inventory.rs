//! `shop.inventory.v1.InventoryService`.

use super::{duration, stock::Shelves};
use crate::{
    control::{Answers, Pace},
    details,
    proto::shop::inventory::v1::{
        GetStockRequest, GetStockResponse, ReserveStockRequest, ReserveStockResponse, Stock,
        WatchStockRequest, WatchStockResponse, inventory_service_server,
    },
};
use futures_util::{StreamExt, stream};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::{sync::broadcast, time::MissedTickBehavior};
use tonic::{Request, Response, Status, async_trait};

/// Time between two simulated sales while somebody watches.
const TICK: Duration = Duration::from_secs(1);
/// How long a reservation holds unless told otherwise.
const HOLD: Duration = Duration::from_secs(30 * 60);
/// How long a reservation may hold.
const MAX_HOLD: Duration = Duration::from_secs(24 * 60 * 60);
/// How many changes a slow watcher may lag behind before it misses some.
const CHANGES: usize = 256;
/// Fields of `Stock`, for field masks.
const STOCK_FIELDS: [&str; 6] = ["sku", "on_hand", "reserved", "status", "updated_at", "bins"];

/// A change of an article's stock.
#[derive(Clone)]
struct Change {
    sku: String,
    pieces: i32,
}

/// The service.
#[derive(Clone)]
pub struct Inventory {
    shelves: Arc<Mutex<Shelves>>,
    changes: broadcast::Sender<Change>,
}

impl Inventory {
    /// A warehouse as the sample server starts with it.
    pub fn new() -> Self {
        Inventory {
            shelves: Arc::new(Mutex::new(Shelves::new())),
            changes: broadcast::Sender::new(CHANGES),
        }
    }

    fn with<T>(&self, what: impl FnOnce(&mut Shelves) -> T) -> T {
        what(&mut self.shelves.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self, sku: &str, pieces: i32) {
        // Nobody may be watching, which is no failure.
        let _ = self.changes.send(Change { sku: sku.to_owned(), pieces });
    }
}

#[async_trait]
impl inventory_service_server::InventoryService for Inventory {
    type WatchStockStream = Answers<WatchStockResponse>;

    async fn get_stock(
        &self,
        request: Request<GetStockRequest>,
    ) -> Result<Response<GetStockResponse>, Status> {
        let request = request.into_inner();
        let mut wrong = Vec::new();
        if request.sku.is_empty() {
            wrong.push(("sku", "must not be empty"));
        }
        if let Err(why) = duration(request.max_age) {
            wrong.push(("max_age", why));
        }
        match request.at.map(SystemTime::try_from) {
            Some(Err(_)) => wrong.push(("at", "is out of range")),
            Some(Ok(at)) if at > SystemTime::now() + MAX_HOLD => {
                wrong.push(("at", "must not be more than a day in the future"));
            }
            _ => {}
        }
        let paths = request.read_mask.as_ref().map_or(&[][..], |mask| &mask.paths[..]);
        if !paths.iter().all(|path| known(path)) {
            wrong.push(("read_mask", "names a field that GetStockResponse does not have"));
        }
        if !wrong.is_empty() {
            return Err(details::invalid(&wrong));
        }
        let stock = self.with(|shelves| shelves.look(&request))?;
        Ok(Response::new(GetStockResponse { stock: Some(masked(stock, paths)) }))
    }

    async fn reserve_stock(
        &self,
        request: Request<ReserveStockRequest>,
    ) -> Result<Response<ReserveStockResponse>, Status> {
        let ReserveStockRequest { sku, quantity, hold_for, .. } = request.into_inner();
        let mut wrong = Vec::new();
        if sku.is_empty() {
            wrong.push(("sku", "must not be empty"));
        }
        if quantity < 1 {
            wrong.push(("quantity", "must be at least 1"));
        }
        let hold_for = duration(hold_for).unwrap_or_else(|why| {
            wrong.push(("hold_for", why));
            None
        });
        if !wrong.is_empty() {
            return Err(details::invalid(&wrong));
        }
        let hold_for = hold_for.unwrap_or(HOLD).min(MAX_HOLD);
        let (reservation_id, stock) = self.with(|shelves| {
            let id = shelves.reserve(&sku, quantity, hold_for)?;
            Ok::<_, Status>((id, shelves.stock(&sku)?))
        })?;
        self.tell(&sku, 0);
        Ok(Response::new(ReserveStockResponse {
            reservation_id,
            stock: Some(stock),
            expires_at: Some((SystemTime::now() + hold_for).into()),
        }))
    }

    async fn watch_stock(
        &self,
        request: Request<WatchStockRequest>,
    ) -> Result<Response<Self::WatchStockStream>, Status> {
        let pace = Pace::of(&request);
        let WatchStockRequest { mut skus, min_interval } = request.into_inner();
        let min_interval =
            duration(min_interval).map_err(|why| details::invalid(&[("min_interval", why)]))?;
        if skus.is_empty() {
            skus = Shelves::skus().map(str::to_owned).collect();
        }
        let first = self.with(|shelves| {
            skus.iter().map(|sku| shelves.stock(sku)).collect::<Result<Vec<_>, _>>()
        })?;
        let tick = pace.tick(TICK).max(min_interval.unwrap_or_default());
        let answers = stream::iter(first.into_iter().map(|stock| (stock, 0)))
            .chain(Watch::begin(self.clone(), skus, tick).changes())
            .zip(stream::iter(1..))
            .map(|((stock, change), sequence)| {
                Ok(WatchStockResponse { sequence, stock: Some(stock), change })
            });
        Ok(Response::new(pace.limited(answers)))
    }
}

/// Somebody watching. While they do, trade is simulated: with each tick a piece of one of the articles is sold or
/// comes back, and when they stop the last one sold comes back, so that the stock ends as it began.
struct Watch {
    inventory: Inventory,
    skus: Vec<String>,
    traded: Vec<String>,
    changes: broadcast::Receiver<Change>,
    ticks: tokio::time::Interval,
    turn: usize,
    sold: Option<String>,
}

impl Watch {
    fn begin(inventory: Inventory, skus: Vec<String>, tick: Duration) -> Self {
        // A tick of zero would make the timer panic.
        let tick = tick.max(Duration::from_micros(1));
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + tick, tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let traded = inventory
            .with(|shelves| skus.iter().filter(|sku| shelves.is_traded(sku)).cloned().collect());
        let changes = inventory.changes.subscribe();
        Watch { inventory, skus, traded, changes, ticks, turn: 0, sold: None }
    }

    fn changes(self) -> impl futures_util::Stream<Item = (Stock, i32)> + Send {
        stream::unfold(self, |mut watch| async move {
            loop {
                let change = tokio::select! {
                    // A change is told before the next one is made.
                    biased;
                    change = watch.changes.recv() => change,
                    _ = watch.ticks.tick() => {
                        watch.trade();
                        continue;
                    }
                };
                match change {
                    Ok(Change { sku, pieces }) if watch.skus.contains(&sku) => {
                        let stock = watch.inventory.with(|shelves| shelves.stock(&sku)).ok()?;
                        return Some(((stock, pieces), watch));
                    }
                    // Another article, or too slow for some changes: the next one tells how it stands.
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        })
    }

    fn trade(&mut self) {
        let (sku, pieces) = match self.sold.take() {
            Some(sku) => (sku, 1),
            None => {
                let Some(sku) = self.traded.get(self.turn % self.traded.len().max(1)) else {
                    return;
                };
                self.turn += 1;
                self.sold = Some(sku.clone());
                (sku.clone(), -1)
            }
        };
        self.inventory.with(|shelves| shelves.trade(&sku, pieces));
        self.inventory.tell(&sku, pieces);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(sku) = self.sold.take() {
            self.inventory.with(|shelves| shelves.trade(&sku, 1));
            self.inventory.tell(&sku, 1);
        }
    }
}

/// Whether `GetStockResponse` has this field.
fn known(path: &str) -> bool {
    path == "stock"
        || path.strip_prefix("stock.").is_some_and(|field| STOCK_FIELDS.contains(&field))
}

/// Only the fields that a mask of known paths names; everything when it is empty.
fn masked(stock: Stock, paths: &[String]) -> Stock {
    if paths.is_empty() || paths.iter().any(|path| path == "stock") {
        return stock;
    }
    let has = |field| paths.iter().any(|path| path.strip_prefix("stock.") == Some(field));
    let mut kept = Stock::default();
    if has("sku") {
        kept.sku = stock.sku;
    }
    if has("on_hand") {
        kept.on_hand = stock.on_hand;
    }
    if has("reserved") {
        kept.reserved = stock.reserved;
    }
    if has("status") {
        kept.status = stock.status;
    }
    if has("updated_at") {
        kept.updated_at = stock.updated_at;
    }
    if has("bins") {
        kept.bins = stock.bins;
    }
    kept
}
