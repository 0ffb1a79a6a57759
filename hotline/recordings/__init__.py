"""Recordings of conversations (录音): where the file is, and that it is unchanged."""
