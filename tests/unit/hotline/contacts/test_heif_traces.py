"""An HEIC photo keeps its picture and loses where, when and with what it was taken (R88)."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.contacts.photo_traces import without_traces

SECRET = b"31.2304N 121.4737E Zhang San"
PICTURE, SMALL = b"the picture", b"a small one"


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind: bytes, version: int, *parts: bytes) -> bytes:
    return box(kind, bytes([version, 0, 0, 0]), *parts)


def item(number: int, kind: bytes, words: bytes = b"\x00") -> bytes:
    return full(b"infe", 2, struct.pack(">HH4s", number, 0, kind), words)


def place(number: int, start: int, length: int, method: int = 0) -> bytes:
    return struct.pack(">HHHHII", number, method, 0, 1, start, length)


def heic(*, method: int = 0, before: bytes = b"", picture: bytes = PICTURE) -> bytes:
    """A photo with a thumbnail in its `idat`, and every kind of trace that a telephone leaves."""

    def written(mdat_at: int) -> bytes:
        kept = struct.pack(">BBH", 0x44, 0, 4)
        kept += place(1, mdat_at + len(SECRET), len(picture), method)
        kept += place(2, mdat_at, len(SECRET))
        kept += place(3, mdat_at + len(SECRET) + len(picture), len(SECRET))
        kept += place(4, 0, len(SMALL), 1)
        items = [
            item(1, b"hvc1", SECRET + b"\x00"),
            item(2, b"Exif"),
            item(3, b"mime", b"\x00application/rdf+xml\x00"),
            item(4, b"jpeg"),
        ]
        properties = [box(b"ispe", bytes(12)), box(b"udes", SECRET), box(b"irot", b"\x01")]
        meta = full(
            b"meta",
            0,
            full(b"hdlr", 0, bytes(4) + b"pict" + bytes(13)),
            full(b"iinf", 0, struct.pack(">H", len(items)), *items),
            full(b"iloc", 1, kept),
            box(b"iprp", box(b"ipco", *properties)),
            box(b"idat", SMALL, SECRET),
            box(b"uuid", SECRET),
        )
        head = box(b"ftyp", b"heic" + bytes(4) + b"mif1heic") + before + meta
        return head + box(b"mdat", SECRET, picture, SECRET, SECRET) + box(b"uuid", SECRET)

    once = written(0)
    return written(once.index(b"mdat") + 4)


def test_only_the_picture_is_left_and_nothing_moves() -> None:
    """R88: Exif, XMP, names, descriptions and whatever else hangs on it are gone."""
    whole = heic()

    cleaned = without_traces(whole, "image/heic")

    assert cleaned is not None
    assert SECRET not in cleaned
    assert len(cleaned) == len(whole)
    for kept in (PICTURE, SMALL, b"irot"):
        assert cleaned.index(kept) == whole.index(kept)
    assert cleaned.count(b"free") == 5, "three boxes and two items that everybody skips"
    assert not any(kind in cleaned for kind in (b"Exif", b"mime", b"rdf"))
    assert without_traces(cleaned, "image/heic") == cleaned


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(heic()[:-40], id="cut off"),
        pytest.param(heic(before=box(b"moov", SECRET)), id="a film, which tells its place in moov"),
        pytest.param(heic(method=2), id="a picture within another item"),
        pytest.param(heic(picture=b""), id="a picture as long as the file"),
        pytest.param(box(b"ftyp", b"heic" + bytes(4)), id="no picture at all"),
    ],
)
def test_what_cannot_be_looked_through_is_no_photo(content: bytes) -> None:
    assert without_traces(content, "image/heic") is None


@given(content=st.binary(max_size=80), cut=st.integers(0, 700))
def test_no_bytes_break_it(content: bytes, cut: int) -> None:
    spoiled = heic()[:cut] + content + heic()[cut + len(content) :]

    cleaned = without_traces(spoiled, "image/heic")

    assert cleaned is None or len(cleaned) == len(spoiled)
