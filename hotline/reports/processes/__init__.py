"""Signs of life: which processes of the house run, since when, and what was proven."""
