"""Backups (备份): when the last one was made, where it lies, and whether one was ever proven."""
