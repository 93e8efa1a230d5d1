//! What is drawn. Components hold no logic that could be a function of [`crate::state`].
//!
//! # Patterns
//! - `let store = use_store();` gives the shared signals; the store, tabs and signals are `Copy`.
//! - Ask the studio: `store.ask(async move { client.history(query).await }, move |page| …)` with
//!   `let client = store.client();`. A failure becomes a toast. Where the failure belongs to something on the
//!   screen, match on the `Result` yourself and draw it with [`problem::ProblemLine`] (a sentence, its place, what
//!   to do next).
//! - Follow a call: `store.call(id)` is a signal of [`crate::state::calls::LiveCall`], kept up to date by the pump.
//! - `store.history_revision` goes up whenever lists of recorded calls should ask again.
//! - Derive, do not synchronise: a `Memo` over signals instead of an `Effect` that sets another signal. Components
//!   that call themselves through others end in `.into_any()`.
//! - Long lists draw `state::window::visible` rows only.
//! - Colours are tokens of `styles/tokens.css`; each area has its own sheet in `styles/`. No inline colours. Sizes
//!   that are data (bar widths) go through `style:` attributes, which a strict content security policy allows.
//! - Icons are in [`icons`]; glyphs of call kinds in [`kind::Kind`]; numbers with units come from
//!   `wirelab_chart::format`.
//!
//! # `data-testid`s
//! Stable names for the end-to-end tests. A field's `data-path` has the names of the `.proto` file:
//! `by_location.country`, `items[2].unit_price`; an entry of a map counts by its place:
//!
//! | where | names |
//! |---|---|
//! | views | `view-explore` `view-history` `view-compare` `view-bridge` `theme` `bridge-status` |
//! | tree | `tree-search` `tree-method` (with `data-method`) |
//! | sources | `source-add` `source-path` `source-add-confirm` `source-item` |
//! | tabs | `tab` (with `data-method`) |
//! | request | `transport` (the switch) `transport-grpc` `transport-grpc-web` `transport-connect` `transport-rest` `transport-ws` `transport-form` `address` `connection-open` `copy-command` `command-notes` `invoke` `send` `finish-sending` `cancel` `save` `tab-form` `tab-json` `tab-metadata` `tab-auth` `tab-options` `field` (with `data-path`, the input inside) `json-editor` `fill-example` `undo` `redo` `metadata-key` `metadata-value` `metadata-notation` `metadata-preview` `metadata-add` |
//! | options | `deadline` `max-message` `compression` `wait-for-ready` `cold` `retry` `retry-policy` `retry-attempts` `retry-first` `retry-growth` `retry-longest` |
//! | connection | `connection` `connection-chips` `tls` `tls-ca` `tls-cert` `tls-key` `tls-name` `tls-insecure` `connection-transport` `bridged` `http-version` `authority` `user-agent` `keepalive` `connect-timeout` `balancing` `health-gated` `health-service` `never-eject` `service-config` `instances` `instance` (with `data-state`) |
//! | auth | `auth-none` `auth-bearer` `auth-basic` `auth-api-key` `auth-jwt` `auth-oauth-2`; `auth-token` `auth-user` `auth-password` `auth-key-name` `auth-key` `jwt-…` `oauth-…` |
//! | palette | `palette` `palette-input` `palette-item` |
//! | response | `response-status` `response-body` `tab-response` `tab-headers` `tab-trailers` `tab-peer` `peer` `http-request` `chain` `tab-request` (History) `message-list` `message-row` (with `data-index`) `message-detail` `copy-response` `find-input` |
//! | wire | `attempt` `wire-panel` `wire-json-size` `wire-proto-size` |
//! | history | `history-search` `history-row` (with `data-id`, `data-method`) `history-detail` `history-replay` `history-open` `history-copy` `history-delete` `history-clear` `history-clear-confirm` |
//! | history charts | `history-chart-latency` `history-chart-distribution` `history-chart-payload` |
//! | compare, set up | `compare-new` `compare-method` `compare-address` `compare-tls` `compare-message` `compare-example` `compare-calls` `compare-in-flight` `compare-warm-up` `compare-deadline` `compare-path` (with `data-path`) `compare-messages` `compare-run` |
//! | compare, under way | `compare-progress` `compare-cancel` |
//! | compare, done | `compare-report` (with `data-state`) `compare-card` `compare-chart-latency` `compare-chart-cost` `compare-table` `compare-again` `compare-change` `compare-export` `compare-download` `compare-copy` `compare-delete` |
//! | compare, past runs | `compare-search` `compare-history-item` (with `data-id`) |
//! | bridge | `bridge-start` `bridge-stop` `bridge-state` `bridge-url` `bridge-copy` `bridge-listen` `bridge-upstream` `bridge-profile` `bridge-origins` `bridge-tile` `bridge-face` `bridge-stream` |
//! | bridge, bindings | `binding-search` `binding-row` (with `data-method`, `data-template`) `preview` `preview-open` `preview-url` `preview-headers` `preview-body` `preview-curl` `preview-socket` |
//! | saved | `saved-item` `save-name` `save-confirm` |
//! | anywhere | `problem` `toast` `health` |

mod app;
mod bridge;
mod compare;
mod explore;
mod field;
mod form;
mod history;
mod icons;
mod instances;
mod kind;
mod problem;
mod response;
mod shell;
mod side;
mod splitter;
mod virtual_list;
mod wire;

pub use app::App;
