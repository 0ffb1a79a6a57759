"""The telephone: SIP and RTP without sockets, the sockets, media, and the calls that use them."""
