"""Pure: a PDF without what says who wrote it, when, with what, and where its photos were taken.

Nothing moves, so that every offset in the file stays true (ISO 32000-1, 7.5): words of the document
information (14.3.3), metadata (14.3.2), files inside (7.11.4) and traces of photos are written
over. What somebody wrote on the pages stays: that is what they send.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

Clean = Callable[[bytes], bytes | None]
"""Return a JPEG without its traces; None if it is no whole picture."""

_OBJECT: Final = re.compile(rb"(?<!\d)(\d{1,10})\s+\d{1,5}\s+obj\b\s*")
_INFO: Final = re.compile(rb"/Info\s+(\d{1,10})\s+\d{1,5}\s+R")
_REFERENCE: Final = re.compile(rb"(?<!\d)(\d{1,10})\s+\d{1,5}\s+R\b")
_TOKEN: Final = re.compile(rb"<<|>>|<[^<>]*>|\(|%[^\r\n]*")
_IN_TEXT: Final = re.compile(rb"\\.|[()]", re.DOTALL)
_STREAM: Final = re.compile(rb"\s*stream(?:\r\n|\n|\r)")
_LENGTH: Final = re.compile(rb"/Length\s+(\d{1,10})(?!\s+\d+\s+R)")
_HIDDEN: Final = re.compile(rb"/Type\s*/(?:Metadata|EmbeddedFile)\b|/Subtype\s*/XML\b")
_PACKED: Final = re.compile(rb"/Type\s*/ObjStm\b")
_FILTERS: Final = re.compile(rb"/Filter\s*(?:\[([^\]]*)\]|(/\w+))")
_TRACES: Final = (b"Exif\x00\x00", b"http://ns.adobe.com/xap/", b"Photoshop 3.0\x00")
_MOST_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes of one unpacked stream; a paper of 10 MB that says more is no paper."""


def without_pdf_traces(content: bytes, clean: Clean) -> bytes:
    """Return the file, as long as it was, without traces.

    Raises:
        ValueError: if they cannot be found: it is encrypted, broken or packed in an unknown way.
    """
    out = bytearray(content)
    found = list(_objects(content))
    plain = bytearray(content)
    for each in found:
        plain[each.body : each.end] = b" " * (each.end - each.body)
    if b"/Encrypt" in plain:
        raise ValueError("it is encrypted")
    wanted = _informing(content, found, bytes(plain))
    for each in found:
        if each.number in wanted:
            _blank(out, each.start, each.body)
        if each.body < each.end:
            out[each.body : each.end] = _stream(content, each, wanted, clean)
    return bytes(out)


@dataclass(frozen=True, slots=True)
class _Object:
    number: int
    start: int
    body: int
    """Where its stream begins; its end, if it has none."""
    end: int

    def words(self, content: bytes) -> bytes:
        """Return what stands before the stream."""
        return content[self.start : self.body]


def _objects(content: bytes) -> Iterator[_Object]:
    at = 0
    while match := _OBJECT.search(content, at):
        number, start = int(match[1]), match.end()
        end = _end_of_value(content, start)
        stream = _STREAM.match(content, end) if content.startswith(b"<<", start) else None
        if stream is None:
            yield _Object(number, start, end, end)
            at = end
        else:
            at = _end_of_stream(content, start, end, stream.end())
            yield _Object(number, start, stream.end(), at)


def _end_of_value(content: bytes, start: int) -> int:
    """Return where the first value of an object ends: a dictionary, a text, or what is neither."""
    depth, at = 0, start
    if not content.startswith((b"<<", b"(", b"<"), start):
        end = content.find(b"endobj", start)
        return end if end >= 0 else len(content)
    while match := _TOKEN.search(content, at):
        at = match.end()
        if match[0] == b"(":
            at = _end_of_text(content, at)
        elif match[0] in {b"<<", b">>"}:
            depth += 1 if match[0] == b"<<" else -1
        if depth == 0:
            return at
    raise ValueError("an object has no end")


def _end_of_text(content: bytes, at: int) -> int:
    depth = 1
    while match := _IN_TEXT.search(content, at):
        at = match.end()
        depth += {b"(": 1, b")": -1}.get(match[0], 0)
        if depth == 0:
            return at
    raise ValueError("a text has no end")


def _end_of_stream(content: bytes, start: int, words_end: int, body: int) -> int:
    length = _LENGTH.search(content, start, words_end)
    if length:
        end = body + int(length[1])
        if content[end : end + 20].lstrip().startswith(b"endstream"):
            return end
    end = content.find(b"endstream", body)
    if end < 0:
        raise ValueError("a stream has no end")
    return end


def _informing(content: bytes, found: list[_Object], plain: bytes) -> frozenset[int]:
    """Return the numbers of the document information and of the texts that it refers to."""
    wanted = {int(match[1]) for match in _INFO.finditer(plain)}
    for each in found:
        if each.number in wanted:
            wanted |= {int(m[1]) for m in _REFERENCE.finditer(each.words(content))}
    return frozenset(wanted)


def _blank(out: bytearray, start: int, end: int) -> None:
    """Write over every text between two places; the quotes stay."""
    content, at = bytes(out[start:end]), 0
    while match := _TOKEN.search(content, at):
        at = match.end()
        if match[0] == b"(":
            at = _end_of_text(content, at)
            out[start + match.end() : start + at - 1] = b" " * (at - 1 - match.end())
        elif match[0].startswith(b"<") and match[0] != b"<<":
            out[start + match.start() + 1 : start + at - 1] = b" " * (len(match[0]) - 2)


def _stream(content: bytes, each: _Object, wanted: frozenset[int], clean: Clean) -> bytes:
    """Return the stream of an object without traces, as long as it was."""
    words, body = each.words(content), content[each.body : each.end]
    filters = _filters(words)
    if _HIDDEN.search(words):
        return b" " * len(body)
    if _PACKED.search(words):
        return _repacked(words, body, filters, wanted)
    if filters[-1:] == [b"/DCTDecode"]:
        return _photo(body, filters, clean)
    return body


def _filters(words: bytes) -> list[bytes]:
    match = _FILTERS.search(words)
    return (match[1] or match[2]).split() if match else []


def _repacked(words: bytes, body: bytes, filters: list[bytes], wanted: frozenset[int]) -> bytes:
    """Blank the document information where it is packed with other objects (7.5.7)."""
    if filters not in ([], [b"/FlateDecode"]) or b"/DecodeParms" in words:
        raise ValueError("objects are packed in an unknown way")
    unpacked = bytearray(_unpacked(body) if filters else body)
    first = re.search(rb"/First\s+(\d{1,10})", words)
    if first is None:
        raise ValueError("packed objects without a beginning")
    begin = int(first[1])
    numbers = [int(each) for each in bytes(unpacked[:begin]).split()]
    places = [begin + each for each in numbers[1::2]] + [len(unpacked)]
    changed = [at for at, number in enumerate(numbers[::2]) if number in wanted]
    if not changed:
        return body
    for at in changed:
        _blank(unpacked, places[at], places[at + 1])
    packed = zlib.compress(bytes(unpacked), 9) if filters else bytes(unpacked)
    if len(packed) > len(body):
        raise ValueError("the objects do not fit where they were")
    return packed + bytes(len(body) - len(packed))


def _photo(body: bytes, filters: list[bytes], clean: Clean) -> bytes:
    if filters == [b"/DCTDecode"]:
        cleaned = clean(body)
        if cleaned is not None and len(cleaned) <= len(body):
            return cleaned + bytes(len(body) - len(cleaned))
        picture = body
    elif filters == [b"/FlateDecode", b"/DCTDecode"]:
        picture = _unpacked(body)
    else:
        raise ValueError("a photo is packed in an unknown way")
    if any(trace in picture for trace in _TRACES):
        raise ValueError("a photo has traces that stay")
    return body


def _unpacked(body: bytes) -> bytes:
    try:
        opened = zlib.decompressobj()
        unpacked = opened.decompress(body, _MOST_UNPACKED)
    except zlib.error as error:
        raise ValueError("a stream is broken") from error
    if opened.unconsumed_tail:
        raise ValueError("a stream is too large")
    return unpacked
