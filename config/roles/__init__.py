"""One process each: the wiring of a role's parts, and nothing else."""
