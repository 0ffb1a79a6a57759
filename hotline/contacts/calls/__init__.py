"""Phone calls: what the voice process did, and what it is asked to do (话务)."""
