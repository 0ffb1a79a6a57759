"""What comes to the sockets of an engine: read at once, and after a stall before sound is played.

A loop that was kept from running rings its timers before it looks at its sockets: turns would then
find nothing to play although it has come, make up sound, and keep the delay that this costs. So
whoever rings late first reads everything.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import TypeAlias

MAX_DATAGRAMS = 16
"""Of one socket at once: 160 ms and more; a flood stays in the kernel, which drops it."""

Read: TypeAlias = Callable[[], bool]
"""Reads one datagram; False if none is there."""


class Arrivals:
    """The open sockets of one engine, and who reads each."""

    def __init__(self) -> None:
        self._reads: dict[socket.socket, Read] = {}

    def watch(self, opened: socket.socket, read: Read) -> None:
        """Call `read` for each datagram that comes to a socket."""
        self._reads[opened] = read
        asyncio.get_running_loop().add_reader(opened, read)

    def forget(self, opened: socket.socket) -> None:
        """Look no more at a socket, before it is closed; again changes nothing."""
        if self._reads.pop(opened, None) is not None:
            asyncio.get_running_loop().remove_reader(opened)

    def take_all(self) -> None:
        """Read what is there already."""
        for opened, read in tuple(self._reads.items()):
            for _ in range(MAX_DATAGRAMS):
                # One that was read before it may have closed it.
                if opened not in self._reads or not read():
                    break
