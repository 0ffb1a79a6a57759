"""Pure: an HEIF photo (of a telephone: HEIC) in which only the picture is left (R88).

Nothing moves, so that every offset in the file stays true: what is no part of a picture is written
over with zeros, whatever it is, known or not (ISO/IEC 14496-12, 8.11; ISO/IEC 23008-12, 6 and 9).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_PICTURES: Final = frozenset(
    {b"hvc1", b"hev1", b"lhv1", b"av01", b"avc1", b"vvc1", b"jpeg", b"j2k1"}
    | {b"grid", b"iovl", b"iden", b"tmap"}
)
"""Types of items that are pictures, or are made of pictures; Exif and XMP are items as well."""
_TABLES: Final = frozenset(
    {b"hdlr", b"pitm", b"iinf", b"iloc", b"iref", b"iprp", b"idat", b"dinf", b"grpl"}
)
_PROPERTIES: Final = frozenset(
    {b"hvcC", b"lhvC", b"av1C", b"avcC", b"vvcC", b"jpgC", b"j2kH", b"ispe", b"pixi", b"colr"}
    | {b"irot", b"imir", b"clap", b"pasp", b"auxC", b"rloc", b"lsel", b"clli", b"mdcv", b"cclv"}
    | {b"oinf", b"tols", b"a1op", b"a1lx", b"free"}
)
"""What a picture needs to be drawn; words, times and the place of the camera are others."""


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int
    body: int
    end: int


def without_heif_traces(content: bytes) -> bytes:
    """Return the file, as long as it was, with its pictures alone.

    Raises:
        ValueError: if it is cut off, moves, or keeps a picture where we do not look.
    """
    found = list(_boxes(content, 0, len(content)))
    (meta,) = [box for box in found if box.kind == b"meta"]
    if any(box.kind in {b"moov", b"moof"} for box in found):
        raise ValueError("it moves")
    out = bytearray(content)
    tables = {box.kind: box for box in _boxes(content, meta.body + 4, meta.end)}
    idat = tables.get(b"idat")
    kept = list(_kept(content, tables[b"iloc"], _pictures(content, tables[b"iinf"]), idat))
    for box in found:
        if box.kind == b"mdat":
            _clear(out, box)
        elif box.kind not in {b"ftyp", b"meta"}:
            _free(out, box)
    for box in _boxes(content, meta.body + 4, meta.end):
        if box.kind not in _TABLES:
            _free(out, box)
    if idat is not None:
        _clear(out, idat)
    _clear_words(out, content, tables)
    for start, end in kept:
        out[start:end] = content[start:end]
    return bytes(out)


def _clear(out: bytearray, box: _Box) -> None:
    out[box.body : box.end] = bytes(box.end - box.body)


def _free(out: bytearray, box: _Box) -> None:
    """Make a box one that everybody skips (ISO/IEC 14496-12, 8.1.2)."""
    _clear(out, box)
    out[box.start + 4 : box.start + 8] = b"free"


def _clear_words(out: bytearray, content: bytes, tables: dict[bytes, _Box]) -> None:
    """Clear the names of items, and what no picture needs: other items, properties."""
    for item in _items(content, tables[b"iinf"]):
        out[item.words : item.end] = bytes(item.end - item.words)
        if item.kind not in _PICTURES:
            # A reader that finds an Exif item of zeros may call the photo broken.
            out[item.words - 4 : item.words] = b"free"
    if b"iprp" not in tables:
        return
    for inner in _boxes(content, tables[b"iprp"].body, tables[b"iprp"].end):
        if inner.kind == b"ipco":
            for each in _boxes(content, inner.body, inner.end):
                if each.kind not in _PROPERTIES:
                    _free(out, each)


def _boxes(content: bytes, at: int, end: int) -> Iterator[_Box]:
    while at < end:
        size, kind, body = _number(content, at, 4), content[at + 4 : at + 8], at + 8
        if size == 1:
            size, body = _number(content, at + 8, 8), at + 16
        box = _Box(kind, at, body, at + size if size else end)
        if not box.body <= box.end <= end:
            raise ValueError("a box is cut off")
        yield box
        at = box.end


@dataclass(frozen=True, slots=True)
class _Item:
    number: int
    kind: bytes
    words: int
    """Where its name begins."""
    end: int


def _items(content: bytes, iinf: _Box) -> Iterator[_Item]:
    count = 2 if content[iinf.body] == 0 else 4
    for box in _boxes(content, iinf.body + 4 + count, iinf.end):
        version = content[box.body]
        if box.kind != b"infe" or version not in {2, 3}:
            raise ValueError("an item without a type")
        size = 2 if version == 2 else 4
        kind = box.body + 4 + size + 2
        yield _Item(
            _number(content, box.body + 4, size), content[kind : kind + 4], kind + 4, box.end
        )


def _pictures(content: bytes, iinf: _Box) -> frozenset[int]:
    return frozenset(each.number for each in _items(content, iinf) if each.kind in _PICTURES)


@dataclass(slots=True)
class _Reader:
    content: bytes
    at: int

    def take(self, size: int) -> int:
        number = _number(self.content, self.at, size)
        self.at += size
        return number


def _kept(
    content: bytes, iloc: _Box, pictures: frozenset[int], idat: _Box | None
) -> Iterator[tuple[int, int]]:
    """Yield where the bytes of the pictures lie (ISO/IEC 14496-12, 8.11.3)."""
    version, reader = content[iloc.body], _Reader(content, iloc.body + 4)
    sizes = reader.take(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    wide = 4 if version == 2 else 2
    for _ in range(reader.take(wide)):
        number = reader.take(wide)
        method = reader.take(2) & 15 if version else 0
        elsewhere = reader.take(2)
        base = reader.take(base_size)
        for _ in range(reader.take(2)):
            reader.take(index_size)
            start, length = base + reader.take(offset_size), reader.take(length_size)
            if number not in pictures:
                continue
            if elsewhere or not length or method > 1 or (method and idat is None):
                raise ValueError("a picture lies where we do not look")
            if method and idat is not None:
                start += idat.body
            if start + length > len(content):
                raise ValueError("a picture is cut off")
            yield start, start + length


def _number(content: bytes, at: int, size: int) -> int:
    part = content[at : at + size]
    if len(part) < size:
        raise ValueError("a number is cut off")
    return int.from_bytes(part, "big")
