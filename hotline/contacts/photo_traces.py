"""Pure: a file without what a device wrote beside the picture or page: place, device, owner, words.

A photo of a hole in the street says where its sender lives if it was taken from the window (R88).
What follows the picture is cut off as well: a file that is two things at once is one afterwards.
"""

import struct
from collections.abc import Iterator
from typing import Final

from hotline.contacts.heif_traces import without_heif_traces
from hotline.contacts.pdf_traces import without_pdf_traces

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
"""JPEG markers without a length: TEM and the restarts."""
_APPLICATION: Final = range(0xE0, 0xF0)
_COMMENT: Final = 0xFE
_PICTURE: Final = ((0xE0, b"JFIF\x00"), (0xE2, b"ICC_PROFILE\x00"), (0xEE, b"Adobe"))
"""What of an application's segments the picture needs: density, colours."""
_EXIF: Final = b"Exif\x00\x00"
_ORIENTATION: Final = 0x0112

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_TRACES: Final = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"})
_WEBP_TRACES: Final = frozenset({b"EXIF", b"XMP "})
_WEBP_FLAGS: Final = 0x08 | 0x04


def without_traces(content: bytes, media_type: str) -> bytes | None:
    """Return a JPEG, PNG, WebP, HEIC or PDF without traces; other kinds as they are.

    None if it is no whole file of its kind, or one whose traces cannot be found.
    """
    try:
        match media_type:
            case "image/jpeg":
                return b"".join(_jpeg(content))
            case "image/png":
                return _PNG + b"".join(_png(content))
            case "image/webp":
                return _webp(content)
            case "image/heic":
                return without_heif_traces(content)
            case "application/pdf":
                return without_pdf_traces(
                    content, lambda photo: without_traces(photo, "image/jpeg")
                )
            case _:
                return content
    except (ValueError, LookupError, struct.error):
        return None


def _jpeg(content: bytes) -> Iterator[bytes]:
    """Yield the parts that stay (ITU-T T.81, annex B)."""
    yield content[:2]
    turned = _orientation(content)
    if turned != 1:
        yield _exif_of(turned)
    at = 2
    while content[at + 1] != _EOI:
        marker = content[at + 1]
        if content[at] != 0xFF or marker == _SOI:
            raise ValueError("no marker where one must be")
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        end = at + 2
        if marker not in _ALONE:
            end += int.from_bytes(content[end : end + 2], "big")
        if marker == _SOS:
            end = _scan_end(content, end)
        if end > len(content) or end < at + 2:
            raise ValueError("a segment is cut off")
        if _is_picture(marker, content[at + 4 : end]):
            yield content[at:end]
        at = end
    yield b"\xff\xd9"


def _is_picture(marker: int, body: bytes) -> bool:
    if marker in _APPLICATION:
        return any(marker == known and body.startswith(name) for known, name in _PICTURE)
    return marker != _COMMENT


def _scan_end(content: bytes, at: int) -> int:
    """Return where the marker behind a scan begins: 0xFF within is followed by 0 or a restart."""
    while (at := content.index(b"\xff", at)) + 1 < len(content):
        if content[at + 1] not in {0x00, 0xFF} and content[at + 1] not in _ALONE:
            return at
        at += 1
    raise ValueError("the picture has no end")


def _orientation(content: bytes) -> int:
    """Return how the picture is turned; 1 if nothing says so (Exif 2.3, 4.6.4)."""
    start = content.find(_EXIF, 0, 64 * 1024) + len(_EXIF)
    if start < len(_EXIF):
        return 1
    order = ">" if content[start : start + 2] == b"MM" else "<"
    try:
        (offset,) = struct.unpack_from(f"{order}I", content, start + 4)
        (count,) = struct.unpack_from(f"{order}H", content, start + offset)
        for number in range(min(count, 100)):
            tag, _, _, value = struct.unpack_from(
                f"{order}HHIH", content, start + offset + 2 + 12 * number
            )
            if tag == _ORIENTATION:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _exif_of(orientation: int) -> bytes:
    directory = struct.pack(">HHHIHHI", 1, _ORIENTATION, 3, 1, orientation, 0, 0)
    body = _EXIF + b"MM\x00\x2a\x00\x00\x00\x08" + directory
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _png(content: bytes) -> Iterator[bytes]:
    """Yield the chunks that stay, up to IEND (ISO/IEC 15948, 5.3)."""
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        (length,) = struct.unpack_from(">I", content, at)
        kind, end = content[at + 4 : at + 8], at + 12 + length
        if end > len(content):
            raise ValueError("a chunk is cut off")
        if kind not in _PNG_TRACES:
            yield content[at:end]
        at = end


def _webp(content: bytes) -> bytes:
    """Return the container without its chunks of metadata (RFC 9649, 2.7)."""
    (size,) = struct.unpack_from("<I", content, 4)
    end, at = 8 + size, 12
    if end > len(content):
        raise ValueError("the container is cut off")
    kept = b""
    while at < end:
        (length,) = struct.unpack_from("<I", content, at + 4)
        kind, chunk_end = content[at : at + 4], at + 8 + length + length % 2
        if kind == b"VP8X":
            kept += content[at : at + 8] + bytes([content[at + 8] & ~_WEBP_FLAGS])
            kept += content[at + 9 : chunk_end]
        elif kind not in _WEBP_TRACES:
            kept += content[at:chunk_end]
        at = chunk_end
    return b"RIFF" + struct.pack("<I", len(kept) + 4) + b"WEBP" + kept
