"""The schema's history: one revision after another, forwards only."""
