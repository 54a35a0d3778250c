//! Who we are; owns every secret.
