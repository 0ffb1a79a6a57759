"""What the pages of recordings must be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web


@dataclass(frozen=True, slots=True)
class RecordingsOptions:
    """Where the files are."""

    folder: Path


RECORDINGS: Final = web.AppKey("recordings", RecordingsOptions)
