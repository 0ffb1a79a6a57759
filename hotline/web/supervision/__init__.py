"""Pages of those who answer for the queue: decisions, service levels, calls that we owe."""
