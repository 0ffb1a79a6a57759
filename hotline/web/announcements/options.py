"""What the pages of announcements need: recorded prompts, and who makes sounds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web


@dataclass(frozen=True, slots=True)
class RecordedPrompt:
    """A prompt that may be announced."""

    text: str
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementOptions:
    """Options and ports of the pages."""

    prompts: Mapping[str, RecordedPrompt]
    fit: Callable[[bytes], bytes]
    """WAV of any rate -> WAV as telephones play it; raises `Invalid`."""
    speak: Callable[[str], bytes] | None = None
    """Text -> such a WAV; None where no voice is installed."""


ANNOUNCEMENTS: Final = web.AppKey("announcements", AnnouncementOptions)
