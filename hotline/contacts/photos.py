"""Pure: which files are photos, by what is inside them, not by what they are called."""

from typing import Final

HEAD: Final = 16
"""Bytes of a file that are enough to know."""

SHOWN: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""Photos that every browser shows; the others are saved."""

_STARTS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"mif1", b"msf1", b"heim", b"heis"})


def photo_type(content: bytes) -> str | None:
    """Return the media type of a photo, or None if it is none that phones and cameras make."""
    for start, media_type in _STARTS:
        if content.startswith(start):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    # ISO/IEC 23008-12: the brand follows the box name `ftyp`.
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        return "image/heic"
    return None
