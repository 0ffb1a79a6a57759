"""RTP, RTCP, G.711 and telephone events without sockets or clocks."""
