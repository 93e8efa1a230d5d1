//! `shop.order.v1.OrderService`.

use super::{now, stock::Shelves};
use crate::{
    control::{Answers, Pace},
    details,
    proto::shop::order::v1::{
        CreateOrderRequest, ImportOrdersRequest, ImportOrdersResponse, Money, Order, State,
        TrackOrdersRequest, TrackOrdersResponse, import_orders_response::Rejection,
        order_service_server,
    },
};
use futures_util::StreamExt;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tonic::{Request, Response, Status, Streaming, async_trait};

/// Time between two steps of an order.
const TICK: Duration = Duration::from_secs(1);
/// How many orders are kept.
const MAX_ORDERS: usize = 10_000;
/// How many rejections of an import are told.
const MAX_REJECTIONS: usize = 1_000;
/// The number of the first order placed.
const FIRST_ORDER: u64 = 7_732;
/// Billionths in a unit of money.
const NANOS: i128 = 1_000_000_000;

#[derive(Default)]
struct Book {
    orders: BTreeMap<String, Order>,
    by_request: BTreeMap<String, String>,
    placed: u64,
}

/// The service.
#[derive(Clone, Default)]
pub struct Orders {
    book: Arc<Mutex<Book>>,
}

impl Orders {
    /// A shop without orders.
    pub fn new() -> Self {
        Orders::default()
    }

    fn place(&self, order: Order, request_id: &str) -> Result<Order, Status> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = book.by_request.get(request_id) {
            return book
                .orders
                .get(before)
                .cloned()
                .ok_or_else(|| details::not_found("order", before));
        }
        if book.orders.len() >= MAX_ORDERS {
            return Err(details::full("orders", MAX_ORDERS));
        }
        let mut order = order;
        order.order_id = format!("ord_{}", FIRST_ORDER + book.placed);
        book.placed += 1;
        if !request_id.is_empty() {
            book.by_request.insert(request_id.to_owned(), order.order_id.clone());
        }
        book.orders.insert(order.order_id.clone(), order.clone());
        Ok(order)
    }
}

/// Checks an order and fills in what the shop decides.
fn accept(order: Option<Order>) -> Result<Order, Status> {
    let Some(mut order) = order else {
        return Err(details::invalid(&[("order", "must be set")]));
    };
    let mut wrong = Vec::new();
    if order.customer.is_empty() {
        wrong.push(("order.customer".to_owned(), "must not be empty"));
    }
    if order.lines.is_empty() {
        wrong.push(("order.lines".to_owned(), "must hold at least one line"));
    }
    let mut currency = None;
    let mut total: i128 = 0;
    for (index, line) in order.lines.iter_mut().enumerate() {
        if line.sku.is_empty() {
            wrong.push((format!("order.lines[{index}].sku"), "must not be empty"));
        }
        if line.quantity == 0 {
            wrong.push((format!("order.lines[{index}].quantity"), "must be at least 1"));
        }
        let price = line.price.get_or_insert_with(|| list_price(&line.sku));
        if *currency.get_or_insert_with(|| price.currency.clone()) != price.currency {
            wrong.push((
                format!("order.lines[{index}].price.currency"),
                "must be the same in every line",
            ));
        }
        let each = i128::from(price.units) * NANOS + i128::from(price.nanos);
        total = total.saturating_add(each.saturating_mul(i128::from(line.quantity)));
    }
    let units = i64::try_from(total / NANOS);
    if units.is_err() {
        wrong.push(("order.lines".to_owned(), "cost more than can be said"));
    }
    if !wrong.is_empty() {
        let wrong: Vec<_> = wrong.iter().map(|(field, why)| (field.as_str(), *why)).collect();
        return Err(details::invalid(&wrong));
    }
    order.order_id.clear();
    order.state = State::Accepted.into();
    order.created_at = Some(now());
    order.total = Some(Money {
        currency: currency.unwrap_or_default(),
        units: units.unwrap_or_default(),
        nanos: i32::try_from(total % NANOS).unwrap_or_default(),
    });
    Ok(order)
}

/// What an article costs when the order does not say.
fn list_price(sku: &str) -> Money {
    let cents = Shelves::price_cents(sku).unwrap_or(999);
    Money {
        currency: "EUR".to_owned(),
        units: i64::from(cents / 100),
        nanos: i32::try_from(cents % 100).unwrap_or_default() * 10_000_000,
    }
}

#[async_trait]
impl order_service_server::OrderService for Orders {
    type TrackOrdersStream = Answers<TrackOrdersResponse>;

    async fn create_order(
        &self,
        request: Request<CreateOrderRequest>,
    ) -> Result<Response<Order>, Status> {
        let CreateOrderRequest { order, request_id, validate_only } = request.into_inner();
        let order = accept(order)?;
        let order = if validate_only { order } else { self.place(order, &request_id)? };
        Ok(Response::new(order))
    }

    async fn import_orders(
        &self,
        request: Request<Streaming<ImportOrdersRequest>>,
    ) -> Result<Response<ImportOrdersResponse>, Status> {
        let pace = Pace::of(&request);
        let mut requests = pace.requests(request.into_inner());
        let mut answer = ImportOrdersResponse::default();
        let mut index = 0;
        while let Some(message) = requests.next().await {
            let ImportOrdersRequest { reference, order } = message?;
            match accept(order).and_then(|order| self.place(order, "")) {
                Ok(order) => {
                    answer.imported += 1;
                    // Bounded by the orders that the book takes.
                    answer.order_ids.insert(reference, order.order_id);
                }
                Err(status) => {
                    answer.rejected = answer.rejected.saturating_add(1);
                    if answer.rejections.len() < MAX_REJECTIONS {
                        let reason = status.message().to_owned();
                        answer.rejections.push(Rejection { index, reference, reason });
                    }
                }
            }
            index = index.saturating_add(1);
        }
        Ok(Response::new(answer))
    }

    async fn track_orders(
        &self,
        request: Request<Streaming<TrackOrdersRequest>>,
    ) -> Result<Response<Self::TrackOrdersStream>, Status> {
        let pace = Pace::of(&request);
        let tick = pace.tick(TICK);
        Ok(Response::new(pace.limited(super::track::answers(request.into_inner(), tick))))
    }
}
