//! What we know, and the methods that keep it consistent.
