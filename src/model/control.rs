//! Addresses on the control socket.

/// One request on the control socket, to address its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControlId {
    pub connection: u64,
    pub request: u64,
}
