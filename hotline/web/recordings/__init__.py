"""Recordings: the list of a day, and one with its waveform; each listening has its reason."""
