//! The articles of the sample shop, where they lie and what is set aside.

use crate::{
    details,
    proto::shop::inventory::v1::{
        Bin, Country, GetStockRequest, Status, Stock, get_stock_request::Lookup,
    },
};
use prost_types::Timestamp;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How many reservations may be open at once.
const MAX_RESERVATIONS: usize = 10_000;

/// Where shelves stand and what that is good for.
struct Warehouse {
    id: i64,
    delivers_to: &'static [Country],
    labels: &'static [(&'static str, &'static str)],
}

const WAREHOUSES: [Warehouse; 4] = [
    Warehouse {
        id: 3,
        delivers_to: &[Country::Us],
        labels: &[("tier", "silver"), ("region", "us-east")],
    },
    Warehouse {
        id: 7,
        delivers_to: &[Country::De, Country::At, Country::Fr],
        labels: &[("tier", "gold"), ("region", "eu-central")],
    },
    Warehouse {
        id: 12,
        delivers_to: &[Country::De, Country::Fr],
        labels: &[("tier", "gold"), ("region", "eu-west")],
    },
    Warehouse {
        id: 21,
        delivers_to: &[Country::Jp],
        labels: &[("tier", "silver"), ("region", "asia")],
    },
];

/// An article as the shop starts with it: number, supplier, price in cents, reserved, shelves as
/// `(warehouse, bin, count)`.
type Seed = (&'static str, &'static str, u32, i32, &'static [(i64, &'static str, i32)]);

const ARTICLES: [Seed; 5] = [
    ("CB-USBC-2M", "Cablewright", 1_290, 0, &[(7, "B-02", 9), (3, "F-11", 3)]),
    ("HD-7", "Sonora", 12_900, 0, &[]),
    ("KB-204-EU", "Keyworks", 8_990, 112, &[(7, "A-17", 1_200), (12, "C-03", 640)]),
    ("KB-204-US", "Keyworks", 8_990, 18, &[(3, "D-01", 410)]),
    ("MS-110", "Keyworks", 3_450, 5, &[(7, "A-18", 77), (21, "E-09", 240)]),
];

/// 2026-11-21T09:29:57.412Z, when the warehouse was last counted.
const COUNTED_AT: Timestamp = Timestamp { seconds: 1_795_253_397, nanos: 412_000_000 };

/// Fewer pieces than this are few.
const LOW: i64 = 20;

struct Article {
    supplier: &'static str,
    reserved: i32,
    bins: Vec<(i64, Bin)>,
    updated_at: Timestamp,
}

struct Reservation {
    sku: String,
    quantity: i32,
    until: Instant,
}

/// The shelves.
pub struct Shelves {
    articles: BTreeMap<&'static str, Article>,
    reservations: BTreeMap<u64, Reservation>,
    next_reservation: u64,
}

impl Shelves {
    pub fn new() -> Self {
        let articles = ARTICLES.iter().map(|&(sku, supplier, _, reserved, bins)| {
            let bins = bins
                .iter()
                .map(|&(warehouse, bin, count)| (warehouse, Bin { bin: bin.to_owned(), count }))
                .collect();
            (sku, Article { supplier, reserved, bins, updated_at: COUNTED_AT })
        });
        Shelves { articles: articles.collect(), reservations: BTreeMap::new(), next_reservation: 1 }
    }

    /// Every article number, sorted.
    pub fn skus() -> impl Iterator<Item = &'static str> {
        ARTICLES.iter().map(|article| article.0)
    }

    /// The price of one piece in cents of a euro.
    pub fn price_cents(sku: &str) -> Option<u32> {
        ARTICLES.iter().find(|article| article.0 == sku).map(|article| article.2)
    }

    /// The stock of an article over all warehouses.
    pub fn stock(&mut self, sku: &str) -> Result<Stock, tonic::Status> {
        self.look(&GetStockRequest { sku: sku.to_owned(), ..GetStockRequest::default() })
    }

    /// The stock of an article as a request narrows it down.
    pub fn look(&mut self, request: &GetStockRequest) -> Result<Stock, tonic::Status> {
        self.release(Instant::now());
        let (sku, article) = self
            .articles
            .get_key_value(request.sku.as_str())
            .ok_or_else(|| details::not_found("sku", &request.sku))?;
        let wanted = |warehouse: i64| {
            let ids = &request.warehouse_ids;
            (ids.is_empty() || ids.contains(&warehouse))
                && match &request.lookup {
                    None => true,
                    Some(Lookup::BySupplier(name)) => name.eq_ignore_ascii_case(article.supplier),
                    Some(Lookup::ByLocation(place)) => WAREHOUSES
                        .iter()
                        .find(|candidate| candidate.id == warehouse)
                        .is_some_and(|found| {
                            (place.country() == Country::Unspecified
                                || found.delivers_to.contains(&place.country()))
                                && place.labels.iter().all(|(key, value)| {
                                    found.labels.contains(&(key.as_str(), value.as_str()))
                                })
                        }),
                }
        };
        let mut bins: Vec<Bin> = article
            .bins
            .iter()
            .filter(|(warehouse, _)| wanted(*warehouse))
            .map(|(_, bin)| bin.clone())
            .collect();
        bins.sort_by_key(|bin| std::cmp::Reverse(bin.count));
        let on_hand: i64 = bins.iter().map(|bin| i64::from(bin.count)).sum();
        let status = match on_hand {
            ..=0 => Status::SoldOut,
            1..LOW => Status::Low,
            _ => Status::Available,
        };
        Ok(Stock {
            sku: (*sku).to_owned(),
            on_hand,
            reserved: article.reserved,
            status: status.into(),
            updated_at: Some(article.updated_at),
            bins,
        })
    }

    /// Sets pieces aside and names the reservation.
    pub fn reserve(
        &mut self,
        sku: &str,
        quantity: i32,
        hold_for: Duration,
    ) -> Result<String, tonic::Status> {
        let stock = self.stock(sku)?;
        if self.reservations.len() >= MAX_RESERVATIONS {
            return Err(details::full("reservations", MAX_RESERVATIONS));
        }
        let free = stock.on_hand - i64::from(stock.reserved);
        if i64::from(quantity) > free {
            let why = format!("{quantity} pieces wanted, {} free", free.max(0));
            return Err(details::precondition("STOCK", sku, &why));
        }
        self.change(sku, |article| article.reserved = article.reserved.saturating_add(quantity));
        let id = self.next_reservation;
        self.next_reservation += 1;
        let until = Instant::now() + hold_for;
        self.reservations.insert(id, Reservation { sku: sku.to_owned(), quantity, until });
        Ok(format!("rsv_{id}"))
    }

    /// Moves pieces to (positive) or from (negative) an article's first shelf.
    pub fn trade(&mut self, sku: &str, pieces: i32) {
        self.change(sku, |article| {
            if let Some((_, bin)) = article.bins.first_mut() {
                bin.count = bin.count.saturating_add(pieces);
            }
        });
    }

    /// Whether an article lies on any shelf.
    pub fn is_traded(&self, sku: &str) -> bool {
        self.articles.get(sku).is_some_and(|article| !article.bins.is_empty())
    }

    fn change(&mut self, sku: &str, how: impl FnOnce(&mut Article)) {
        if let Some(article) = self.articles.get_mut(sku) {
            how(article);
            article.updated_at = super::now();
        }
    }

    /// Puts pieces back whose reservation has run out.
    fn release(&mut self, now: Instant) {
        let over: Vec<u64> = self
            .reservations
            .iter()
            .filter(|(_, reservation)| reservation.until <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            if let Some(Reservation { sku, quantity, .. }) = self.reservations.remove(&id) {
                self.change(&sku, |article| article.reserved -= quantity);
            }
        }
    }
}
