//! How what happened changes what we know; one file per event source.
