"""SIP without sockets or clocks (RFC 3261); `user_agent` is the core that an endpoint drives."""
