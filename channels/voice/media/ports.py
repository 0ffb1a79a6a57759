"""The pool of RTP port pairs: RTP on the even port, RTCP on the odd one above (RFC 3550 11)."""

import errno
import socket
from collections import deque
from dataclasses import dataclass

from channels.voice.media.engine import PortsExhausted

# RFC 4594: expedited forwarding for telephony; a network that does not care ignores it.
_EXPEDITED_FORWARDING = 0xB8
_EPHEMERAL_ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class PortPair:
    """Two bound, non-blocking UDP sockets."""

    rtp: socket.socket
    rtcp: socket.socket
    port: int


class PortPool:
    """Hands out pairs from a range, the longest unused first.

    Late packets of a call that is over then meet a closed port instead of the next call.
    A range of 0 to 0 lets the operating system choose, for tests and single phones.
    """

    def __init__(self, host: str, first: int, last: int) -> None:
        """Take a range.

        Raises:
            ValueError: it has no whole pair, or is not within 1024-65535.
        """
        self._host = host
        self._range = first, last
        self._free = deque(range(first + first % 2, last, 2))
        if (first, last) != (0, 0) and not (first >= 1024 and last <= 65_535 and self._free):
            raise ValueError(f"{first}-{last} holds no pair of ports within 1024-65535")

    def open(self) -> PortPair:
        """Bind a pair.

        Raises:
            PortsExhausted: every pair is in use, here or by another program.
            OSError: the host is not ours to bind.
        """
        if self._range == (0, 0):
            return self._open_ephemeral()
        for _ in range(len(self._free)):
            port = self._free.popleft()
            pair = self._bind_pair(port)
            if pair is not None:
                return pair
            self._free.append(port)
        raise PortsExhausted(*self._range)

    def release(self, pair: PortPair) -> None:
        """Close a pair; its ports come last in the order."""
        pair.rtp.close()
        pair.rtcp.close()
        if self._range != (0, 0):
            self._free.append(pair.port)

    def _open_ephemeral(self) -> PortPair:
        for _ in range(_EPHEMERAL_ATTEMPTS):
            probe = self._bind(0)
            assert probe is not None
            port = int(probe.getsockname()[1])
            probe.close()
            pair = self._bind_pair(port - port % 2)
            if pair is not None:
                return pair
        raise PortsExhausted(*self._range)

    def _bind_pair(self, port: int) -> PortPair | None:
        rtp = self._bind(port)
        if rtp is None:
            return None
        rtcp = self._bind(port + 1)
        if rtcp is None:
            rtp.close()
            return None
        return PortPair(rtp, rtcp, port)

    def _bind(self, port: int) -> socket.socket | None:
        """Return a bound socket, or None where the port is taken."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)
            opened.bind((self._host, port))
        except OSError as error:
            opened.close()
            if error.errno == errno.EADDRINUSE:
                return None
            raise
        if family == socket.AF_INET:
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED_FORWARDING)
        return opened
