//! The vocabulary: plain values that no vendor is behind.
