//! The embedded service over real sockets, spoken to as the official clients speak.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot reach the service must fail"
)]

#[path = "support/service.rs"]
mod support;

#[path = "service/identity.rs"]
mod identity;

#[path = "service/chat.rs"]
mod chat;

#[path = "service/contract.rs"]
mod contract;

#[path = "service/page.rs"]
mod page;

#[path = "service/realtime.rs"]
mod realtime;

#[path = "service/faults.rs"]
mod faults;

#[path = "service/graph.rs"]
mod graph;

#[path = "service/drive.rs"]
mod drive;
