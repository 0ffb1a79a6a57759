"""Bencode, the notation of the NG protocol: integers, byte strings, lists, dictionaries; pure.

rtpengine neither sorts the keys of its dictionaries nor asks for it, so the order is free here.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from hotline.kernel.errors import HotlineError

Value: TypeAlias = "int | str | bytes | Sequence[Value] | Mapping[str, Value]"
Decoded: TypeAlias = "int | bytes | list[Decoded] | dict[str, Decoded]"

MAX_DEPTH = 16
"""Statistics nest to nine; a stranger's answer may nest for ever."""

MAX_DIGITS = 20

MAX_STRING = 1_000_000


class BencodeMalformed(HotlineError):
    """These bytes are no bencode, or nest too deeply."""


class BencodeIncomplete(BencodeMalformed):
    """These bytes may become bencode when more of them come."""


def encode(value: Value) -> bytes:
    """Return the notation of a value; text becomes UTF-8."""
    parts: list[bytes] = []
    _write(value, parts)
    return b"".join(parts)


def decode(data: bytes) -> Decoded:
    """Return the one value that the bytes are.

    Raises:
        BencodeMalformed: they are not one whole value.
    """
    value, end = decode_from(data)
    if end != len(data):
        raise BencodeMalformed("something follows the value")
    return value


def decode_from(data: bytes, start: int = 0) -> "tuple[Decoded, int]":
    """Return the value that begins at `start`, and where it ends.

    Raises:
        BencodeIncomplete: the value is cut off.
        BencodeMalformed: it is none.
    """
    reader = _Reader(data, start)
    return reader.value(0), reader.at


def _write(value: Value, parts: list[bytes]) -> None:
    if isinstance(value, int):
        parts.append(b"i%de" % value)
    elif isinstance(value, str | bytes):
        text = value.encode() if isinstance(value, str) else value
        parts.append(b"%d:" % len(text) + text)
    elif isinstance(value, Mapping):
        parts.append(b"d")
        for key, each in value.items():
            _write(key, parts)
            _write(each, parts)
        parts.append(b"e")
    else:
        parts.append(b"l")
        for each in value:
            _write(each, parts)
        parts.append(b"e")


class _Reader:
    """Reads from left to right; never looks back."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data = data
        self.at = start

    def value(self, depth: int) -> Decoded:
        if depth > MAX_DEPTH:
            raise BencodeMalformed("nested too deeply")
        first = self._data[self.at : self.at + 1]
        if not first:
            raise BencodeIncomplete("the value is cut off")
        if first == b"i":
            self.at += 1
            return self._number(b"e")
        if first == b"l":
            self.at += 1
            return self._items(depth)
        if first == b"d":
            self.at += 1
            return self._entries(depth)
        return self._string()

    def _items(self, depth: int) -> list[Decoded]:
        items: list[Decoded] = []
        while not self._ends():
            items.append(self.value(depth + 1))
        return items

    def _entries(self, depth: int) -> dict[str, Decoded]:
        entries: dict[str, Decoded] = {}
        while not self._ends():
            key = self._string().decode(errors="replace")
            entries[key] = self.value(depth + 1)
        return entries

    def _ends(self) -> bool:
        if self._data[self.at : self.at + 1] != b"e":
            return False
        self.at += 1
        return True

    def _string(self) -> bytes:
        length = self._number(b":")
        start, self.at = self.at, self.at + length
        if not 0 <= length <= MAX_STRING:
            raise BencodeMalformed(f"a string of {length} bytes")
        if self.at > len(self._data):
            raise BencodeIncomplete("a string is cut off")
        return self._data[start : self.at]

    def _number(self, end: bytes) -> int:
        stop = self._data.find(end, self.at, self.at + MAX_DIGITS + 2)
        digits = self._data[self.at : stop] if stop >= 0 else self._data[self.at :]
        if (
            stop < 0
            and len(digits) <= MAX_DIGITS
            and digits.removeprefix(b"-").isdigit() | (digits in {b"", b"-"})
        ):
            raise BencodeIncomplete("a number is cut off")
        if stop < 0 or not digits.removeprefix(b"-").isdigit():
            raise BencodeMalformed(f"no number at byte {self.at}")
        self.at = stop + 1
        return int(digits)
