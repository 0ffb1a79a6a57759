"""Extraordinary problems: solved first, then responsibility, then money."""
