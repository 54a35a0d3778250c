//! Azure Communication Services: identity, chat and its realtime channel.
