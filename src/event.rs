//! Everything that can happen.
