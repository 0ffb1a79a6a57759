"""A paper keeps its pages and loses who wrote it, when and with what (R88)."""

import zlib
from collections.abc import Callable
from io import BytesIO

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from hotline.contacts.photo_traces import without_traces

SECRET = b"Zhang San"
PAGE = b"BT (seen on the page) Tj ET"


def jpeg(traces: bytes = SECRET) -> bytes:
    exif = b"Exif\x00\x00" + traces
    marked = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    return b"\xff\xd8" + marked + b"\xff\xda\x00\x03\x01\x12\x34\xff\xd9"


def photo(paper: Pdf, raw: bytes, filters: Name | Array) -> Stream:
    stream = Stream(paper, b"", Type=Name.XObject, Subtype=Name.Image)
    stream.write(raw, filter=filters)
    return stream


def paper(
    change: Callable[[Pdf], None] = lambda _: None, *, are_packed: bool = False, lock: str = ""
) -> bytes:
    """A paper of one page, with an author; its objects packed, as word processors write them."""
    made = pikepdf.new()
    made.add_blank_page()
    made.pages[0].Contents = Stream(made, PAGE)
    made.docinfo["/Author"] = SECRET.decode()
    made.Root.Lang = "zh-CN"
    change(made)
    out = BytesIO()
    mode = pikepdf.ObjectStreamMode
    made.save(
        out,
        fix_metadata_version=False,
        object_stream_mode=mode.generate if are_packed else mode.disable,
        encryption=pikepdf.Encryption(owner=lock, user=lock) if lock else False,
    )
    return out.getvalue()


def told(content: bytes) -> bytes:
    """All that a paper says, unpacked."""
    out = BytesIO()
    with pikepdf.open(BytesIO(content)) as read:
        read.save(
            out,
            compress_streams=False,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            fix_metadata_version=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
        )
    return out.getvalue()


def with_everything(made: Pdf) -> None:
    """Metadata of the paper and of a page, private data, a file inside, a photo on the page."""
    page = made.pages[0].obj
    about = Stream(made, b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>", Type=Name.Metadata)
    made.Root.Metadata = made.make_indirect(about)
    page.Metadata = made.make_indirect(Stream(made, SECRET))
    page.PieceInfo = Dictionary(Writer=Dictionary(Private=SECRET.decode()))
    file = Dictionary(
        Type=Name.Filespec, F="a.txt", EF=Dictionary(F=made.make_indirect(Stream(made, SECRET)))
    )
    made.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array(["a.txt", file])))
    page.Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, FS=file)])
    page.Resources = Dictionary(
        XObject=Dictionary(P=made.make_indirect(photo(made, jpeg(), Name.DCTDecode)))
    )


@pytest.mark.parametrize("are_packed", [False, True])
def test_what_a_paper_says_of_its_author_is_gone_and_its_pages_stay(are_packed: bool) -> None:
    """R88: information, metadata, files inside, and the place of a photo on a page."""
    whole = paper(with_everything, are_packed=are_packed)
    assert told(whole).count(SECRET) == 6

    cleaned = without_traces(whole, "application/pdf")

    assert cleaned is not None
    words = told(cleaned)
    for gone in (SECRET, b"Exif", b"Author"):
        assert gone not in words
    for kept in (PAGE, b"zh-CN", b"\xff\xda\x00\x03\x01\x12\x34\xff\xd9"):
        assert kept in words
    assert told(without_traces(cleaned, "application/pdf") or b"") == words


def test_what_stood_in_an_earlier_version_is_gone() -> None:
    """R88: a paper changed by its author holds the first writing under the second one."""
    first = paper()
    began = first.rindex(b"startxref") + len(b"startxref\n")
    table = int(first[began : first.index(b"\n", began)])
    with pikepdf.open(BytesIO(first)) as read:
        info, root = read.trailer.Info.objgen[0], read.Root.objgen[0]
        size = int(read.trailer.Size)
    second = b"%d 0 obj\n<< /Author (Li Si) >>\nendobj\n" % info
    later = b"xref\n%d 1\n%010d 00000 n \n" % (info, len(first))
    trailer = b"trailer << /Size %d /Root %d 0 R /Info %d 0 R /Prev %d >>\n" % (
        size,
        root,
        info,
        table,
    )
    whole = first + second + later + trailer
    whole += b"startxref\n%d\n%%%%EOF\n" % (len(first) + len(second))
    assert SECRET in whole

    cleaned = without_traces(whole, "application/pdf")

    assert cleaned is not None
    assert SECRET not in cleaned
    assert b"Li Si" not in told(cleaned)


def shows(raw: bytes, *filters: str) -> bytes:
    """A paper that shows a photo packed in so many ways."""
    names = Array([Name(each) for each in filters])

    def add(made: Pdf) -> None:
        shown = made.make_indirect(photo(made, raw, names))
        made.pages[0].obj.Resources = Dictionary(XObject=Dictionary(P=shown))

    return paper(add)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(paper(lock="secret"), id="encrypted"),
        pytest.param(b"%PDF-1.7\nnothing follows", id="no paper"),
        pytest.param(shows(b"no picture", "/DCTDecode"), id="a photo that is none"),
        pytest.param(
            shows(zlib.compress(jpeg()), "/FlateDecode", "/DCTDecode"), id="a photo packed twice"
        ),
    ],
)
def test_a_paper_that_cannot_be_looked_through_stays_with_the_hotline(content: bytes) -> None:
    assert without_traces(content, "application/pdf") is None


def test_a_paper_that_unpacks_without_end_is_refused() -> None:
    """A few kB that say 128 MB: the packed objects are read only up to a limit."""
    objects = b"1 0 << /Type /Catalog >>" + b" " * (128 << 20)
    packed = zlib.compress(objects, 9)
    head = b"%PDF-1.7\n"
    body = b"2 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n"
    body = body % len(packed) + packed + b"\nendstream\nendobj\n"
    rows = b"".join((b"\x00" * 6, b"\x02\x00\x00\x00\x02\x00", b"\x01\x00\x00\x00\x09\x00"))
    table = b"3 0 obj\n<< /Type /XRef /Size 3 /W [1 4 1] /Root 1 0 R /Length %d >>\nstream\n"
    at = len(head) + len(body)
    whole = head + body + table % len(rows) + rows + b"\nendstream\nendobj\n"

    assert without_traces(whole + b"startxref\n%d\n%%%%EOF" % at, "application/pdf") is None


@given(content=st.binary(max_size=40), cut=st.integers(0, 1200))
def test_no_bytes_break_it(content: bytes, cut: int) -> None:
    whole = paper(with_everything, are_packed=True)
    spoiled = whole[:cut] + content + whole[cut + len(content) :]

    cleaned = without_traces(spoiled, "application/pdf")

    assert cleaned is None or cleaned.startswith(b"%PDF-")
