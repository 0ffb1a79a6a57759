"""A short way to write an instant."""

from datetime import datetime

from hotline.kernel.clock import SHANGHAI


def shanghai(text: str) -> datetime:
    """Return `2026-02-14 16:30` as an instant in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
