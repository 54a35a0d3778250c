//! Everything we can ask for.
