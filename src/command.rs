//! The one table of user commands.
