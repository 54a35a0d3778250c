//! Chat over ACS: REST and the realtime channel.
