"""How the packets of one leg travel: two UDP sockets, or whatever else carries datagrams."""

import socket
from collections.abc import Callable
from typing import Protocol, TypeAlias

from channels.voice.media.arrivals import Arrivals
from channels.voice.media.ports import PortPair
from channels.voice.rtp.source import Address

MAX_DATAGRAM = 2048
"""A packet of 200 ms and its header fit; what is longer is cut off and then dropped."""

Receive: TypeAlias = Callable[[bytes, Address], None]


class MediaPath(Protocol):
    """Carries the RTP and RTCP of one leg; never raises, for a packet may always be lost."""

    def start(self, on_media: Receive, on_control: Receive) -> None:
        """Hand over what arrives from now on."""

    def send_media(self, datagram: bytes, to: Address) -> bool:
        """Send an RTP packet; False if it could not leave."""

    def send_control(self, datagram: bytes, to: Address) -> bool:
        """Send an RTCP packet; False if it could not leave."""

    def stop(self) -> None:
        """Receive nothing more, and free what it takes; again changes nothing."""


class UdpPath:
    """Two bound sockets of this host."""

    def __init__(
        self, pair: PortPair, release: Callable[[PortPair], None], arrivals: Arrivals
    ) -> None:
        self._pair = pair
        self._release = release
        self._arrivals = arrivals
        self._is_open = True

    def start(self, on_media: Receive, on_control: Receive) -> None:
        """Hand over what arrives from now on."""
        self._read_from(self._pair.rtp, on_media)
        self._read_from(self._pair.rtcp, on_control)

    def send_media(self, datagram: bytes, to: Address) -> bool:
        """Send an RTP packet."""
        return _send(self._pair.rtp, datagram, to)

    def send_control(self, datagram: bytes, to: Address) -> bool:
        """Send an RTCP packet."""
        return _send(self._pair.rtcp, datagram, to)

    def stop(self) -> None:
        """Stop reading and give the ports back."""
        if not self._is_open:
            return
        self._is_open = False
        self._arrivals.forget(self._pair.rtp)
        self._arrivals.forget(self._pair.rtcp)
        self._release(self._pair)

    def _read_from(self, opened: socket.socket, receive: Receive) -> None:
        def read() -> bool:
            try:
                datagram, source = opened.recvfrom(MAX_DATAGRAM)
            except OSError:  # nothing there after all, or the ICMP error of an earlier packet
                return False
            receive(datagram, source[:2])
            return True

        self._arrivals.watch(opened, read)


def _send(opened: socket.socket, datagram: bytes, to: Address) -> bool:
    try:
        opened.sendto(datagram, to)
    except OSError:  # a full socket buffer or a route that is gone: as lost as on the network
        return False
    return True
