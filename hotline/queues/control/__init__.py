"""Call control: whom a talk is brought to, and what becomes of it."""
