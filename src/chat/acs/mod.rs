//! Chat of an ACS resource: REST for reading and writing, pushed events for what happens.

mod convert;
mod realtime;
