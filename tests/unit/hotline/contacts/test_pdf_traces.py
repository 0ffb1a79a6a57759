"""A paper keeps its pages and loses who wrote it, when and with what (R88)."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.contacts.photo_traces import without_traces

SECRET = b"Zhang San"
PAGE = b"BT (1 0 obj stays on the page) Tj ET"


def stream(words: bytes, body: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (words, len(body), body)


def paper(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A paper: its objects numbered from 1, its pages' words, and where each object lies."""
    out, places = b"%PDF-1.7\n", []
    for number, each in enumerate((*objects, stream(b"", PAGE)), start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 1\n%s%s\nstartxref\n%d\n%%%%EOF" % (table, trailer, len(out))


def jpeg(traces: bytes) -> bytes:
    exif = b"Exif\x00\x00" + traces
    marked = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    return b"\xff\xd8" + marked + b"\xff\xda\x00\x03\x01\x12\x34\xff\xd9"


def test_what_a_paper_says_of_its_author_is_written_over_and_nothing_moves() -> None:
    """R88: information, metadata, files inside, and the place of a photo on a page."""
    whole = paper(
        b"<< /Type /Catalog /Metadata 3 0 R /Lang (zh-CN) >>",
        b"<< /Author (" + SECRET + rb" \) (again) ) /Creator <5a68616e67> /Title 4 0 R >>",
        stream(b"/Type /Metadata /Subtype /XML", SECRET),
        b"(" + SECRET + b")",
        stream(b"/Type /EmbeddedFile", SECRET),
        stream(b"/Subtype /Image /Filter /DCTDecode", jpeg(SECRET)),
        trailer=b"trailer << /Root 1 0 R /Info 2 0 R >>",
    )

    cleaned = without_traces(whole, "application/pdf")

    assert cleaned is not None
    assert SECRET not in cleaned
    assert b"5a68616e67" not in cleaned
    assert b"Exif" not in cleaned
    assert len(cleaned) == len(whole)
    for kept in (PAGE, b"(zh-CN)", b"/Title", b"xref", b"\xff\xda\x00\x03\x01\x12\x34\xff\xd9"):
        assert kept in cleaned
    assert cleaned.index(PAGE) == whole.index(PAGE)
    assert without_traces(cleaned, "application/pdf") == cleaned


def packed(words: bytes = b"/Filter /FlateDecode") -> bytes:
    """A paper whose information lies packed with another object, as word processors write it."""
    inside = (
        b"7 0 8 35 " + b"<< /Lang (zh-CN) /Kept (these) >>  " + b"<< /Author (" + SECRET + b") >>"
    )
    body = zlib.compress(inside, 1) if words else inside
    return paper(
        stream(b"/Type /ObjStm /N 2 /First 9 " + words, body),
        stream(b"/Type /XRef /Root 1 0 R /Info 8 0 R", b"\x00"),
    )


@pytest.mark.parametrize("words", [b"", b"/Filter /FlateDecode", b"/Filter [ /FlateDecode ]"])
def test_what_is_packed_is_unpacked_and_packed_again(words: bytes) -> None:
    whole = packed(words)

    cleaned = without_traces(whole, "application/pdf")

    assert cleaned is not None
    assert len(cleaned) == len(whole)
    body = cleaned[cleaned.index(b"stream\n") + 7 :]
    inside = zlib.decompressobj().decompress(body) if words else body
    assert inside.startswith(b"7 0 8 35 << /Lang (zh-CN) /Kept (these) >>  << /Author (")
    assert SECRET not in inside


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(paper(b"<<>>", trailer=b"trailer << /Encrypt 1 0 R >>"), id="encrypted"),
        pytest.param(paper(b"<< /Author (never ends"), id="a text without an end"),
        pytest.param(packed(b"/Filter /LZWDecode"), id="packed in another way"),
        pytest.param(packed().replace(b"\nstream\nx", b"\nstream\ny"), id="broken packing"),
        pytest.param(
            paper(stream(b"/Filter [ /ASCII85Decode /DCTDecode ]", b"x")), id="a photo as letters"
        ),
        pytest.param(
            paper(stream(b"/Filter [ /FlateDecode /DCTDecode ]", zlib.compress(jpeg(SECRET)))),
            id="a packed photo with its place",
        ),
    ],
)
def test_a_paper_that_cannot_be_looked_through_stays_with_the_hotline(content: bytes) -> None:
    assert without_traces(content, "application/pdf") is None


@given(content=st.binary(max_size=40), cut=st.integers(0, 400))
def test_no_bytes_break_it(content: bytes, cut: int) -> None:
    whole = packed()
    spoiled = whole[:cut] + content + whole[cut + len(content) :]

    cleaned = without_traces(spoiled, "application/pdf")

    assert cleaned is None or len(cleaned) == len(spoiled)
