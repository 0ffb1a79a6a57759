"""The demo: invented people and seats, and four stories played over real sockets."""
