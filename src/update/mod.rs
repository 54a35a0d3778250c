//! How what happened changes what we know; one file per event source.

mod call;
mod chat;
mod control;
mod identity;
