"""Lists of tickets: found, kept as views, taken away as files."""
