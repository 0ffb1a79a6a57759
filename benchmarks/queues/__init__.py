"""What the queue promises, tried: races in virtual time, and speed on real PostgreSQL."""
