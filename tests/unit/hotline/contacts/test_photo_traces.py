"""Photos keep their picture and lose where, when and with what it was taken (R88)."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.contacts.photo_traces import without_traces
from tests.fakes.photos import png

SECRET = b"31.2304N 121.4737E Zhang San"
SCAN = b"\x12\xff\x00\x34\xff\xd0\x56"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def exif(orientation: int, order: str = ">") -> bytes:
    """An Exif segment with an orientation, and behind it what nobody is to know."""
    mark = b"MM\x00\x2a" if order == ">" else b"II\x2a\x00"
    entry = struct.pack(f"{order}HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    return segment(0xE1, b"Exif\x00\x00" + mark + struct.pack(f"{order}I", 8) + entry + SECRET)


def jpeg(*segments: bytes) -> bytes:
    scans = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + SCAN
    return b"\xff\xd8" + b"".join(segments) + scans + segment(0xC4, b"\x00") + scans + b"\xff\xd9"


def test_a_jpeg_loses_its_traces_and_what_follows_it() -> None:
    picture = [segment(0xE0, b"JFIF\x00\x01"), segment(0xDB, b"\x00\x01"), segment(0xEE, b"Adobe")]
    traces = [segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + SECRET), segment(0xED, SECRET)]
    traces += [segment(0xFE, SECRET), segment(0xE2, b"MPF\x00" + SECRET), exif(1)]

    cleaned = without_traces(jpeg(*picture[:2], *traces, picture[2]) + b"PK\x03\x04", "image/jpeg")

    assert cleaned == jpeg(*picture)


@pytest.mark.parametrize("order", [">", "<"])
def test_a_jpeg_stays_the_right_way_up(order: str) -> None:
    cleaned = without_traces(jpeg(exif(6, order)), "image/jpeg")

    assert cleaned is not None
    assert SECRET not in cleaned
    assert without_traces(cleaned, "image/jpeg") == cleaned
    assert cleaned[2:4] == b"\xff\xe1"
    assert cleaned != without_traces(jpeg(exif(8, order)), "image/jpeg")


def test_a_png_keeps_its_picture_alone() -> None:
    words = b"tEXt" + SECRET
    chunk = struct.pack(">I", len(SECRET)) + words + struct.pack(">I", zlib.crc32(words))
    whole = png()

    cleaned = without_traces(whole[:33] + chunk + whole[33:] + b"<script>", "image/png")

    assert cleaned == whole


def test_a_webp_loses_its_chunks_and_their_flags() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + b"\x00" * (len(body) % 2)

    def webp(*chunks: bytes) -> bytes:
        body = b"WEBP" + b"".join(chunks)
        return b"RIFF" + struct.pack("<I", len(body)) + body

    picture = chunk(b"VP8 ", b"picture")
    flagged = webp(chunk(b"VP8X", b"\x2c" + bytes(9)), picture, chunk(b"EXIF", SECRET))

    cleaned = without_traces(flagged + b"after", "image/webp")

    assert cleaned == webp(chunk(b"VP8X", b"\x20" + bytes(9)), picture)


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "image/webp"])
@given(content=st.binary(max_size=200))
def test_what_is_no_picture_is_none_of_any_kind(kind: str, content: bytes) -> None:
    starts = {
        "image/jpeg": b"\xff\xd8\xff",
        "image/png": b"\x89PNG\r\n\x1a\n",
        "image/webp": b"RIFF",
    }

    cleaned = without_traces(starts[kind] + content, kind)

    assert cleaned is None or cleaned.startswith(starts[kind][:2])
