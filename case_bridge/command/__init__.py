"""What the city sees of itself at once: the numbers of the command screen, and their rows (R99)."""
