//! Vendor protocols as bytes and values; mirrors the vendor's names, holds no policy.

pub mod acs;
pub mod bridge;
pub mod entra;
pub mod graph;
pub mod html;
pub mod local;
pub mod token_service;
