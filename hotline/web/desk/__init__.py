"""The seat's desk: one live page, its JSON endpoints, and the board of the shift."""
