"""Prompts, bridges and recordings: the media port and its embedded implementation."""
