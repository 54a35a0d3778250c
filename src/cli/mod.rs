//! Subcommands, one file each.

pub mod host;
