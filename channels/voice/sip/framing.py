"""Messages out of TCP streams (RFC 3261 18.3, RFC 5626 3.5.1)."""

import re

from channels.voice.sip.errors import PeerError
from channels.voice.sip.headers import parse_number
from channels.voice.sip.message import MAX_MESSAGE

_FOLD = re.compile(rb"\r\n[ \t]+")
_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:([^\r\n]*)", re.IGNORECASE)

KEEP_ALIVE = b"\r\n\r\n"
"""What `StreamParser.feed` returns for a ping of RFC 5626 3.5.1; the answer is CRLF."""


class StreamParser:
    """Cuts a TCP stream into messages by Content-Length (RFC 3261 18.3)."""

    __slots__ = ("_buffer", "is_broken")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.is_broken = False
        """Set when the next message can no longer be found: close the connection."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they come; return whole messages (and `KEEP_ALIVE` for pings).

        A message whose length is nonsense comes back as its head alone, so that it can be
        answered, and breaks the stream.
        """
        messages: list[bytes] = []
        if self.is_broken:
            return messages
        self._buffer += data
        while (message := self._cut()) is not None:
            messages.append(message)
        return messages

    def _cut(self) -> bytes | None:
        buffer = self._buffer
        if self.is_broken or not buffer:
            return None
        if buffer.startswith(KEEP_ALIVE):
            del buffer[:4]
            return KEEP_ALIVE
        if buffer[:2] == b"\r\n" and len(buffer) > 2 and buffer[2:3] != b"\r":
            del buffer[:2]
        end = buffer.find(KEEP_ALIVE, 0, MAX_MESSAGE)
        if end < 0:
            self.is_broken = len(buffer) > MAX_MESSAGE
            return None
        size = end + 4
        try:
            size += _stream_length(bytes(buffer[:size]), MAX_MESSAGE - size)
        except PeerError:
            self.is_broken = True
            return bytes(buffer[: end + 4])
        if len(buffer) < size:
            return None
        message = bytes(buffer[:size])
        del buffer[:size]
        return message


def _stream_length(head: bytes, most: int) -> int:
    found = _LENGTH.findall(_FOLD.sub(b" ", head))
    if not found:
        return 0
    if len(set(found)) > 1:
        raise PeerError(400, "Repeated Content-Length")
    text = found[0].decode("ascii", "replace").strip()
    return parse_number(text, most, "Bad Content-Length")
