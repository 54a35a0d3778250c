//! The token service and the directory it takes people from: the built program, twice, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot reach the service must fail, and one says what it counted"
)]

#[path = "support/program.rs"]
mod program;

#[path = "support/issuing.rs"]
mod issuing;

#[path = "support/token_service.rs"]
mod support;

#[path = "token_service/contract.rs"]
mod contract;

#[path = "token_service/attacks.rs"]
mod attacks;

#[path = "token_service/sign_in.rs"]
mod sign_in;

#[path = "token_service/kill.rs"]
mod kill;

#[path = "token_service/relay.rs"]
mod relay;
