"""The demo: invented people and seats, and three stories played over real sockets."""
