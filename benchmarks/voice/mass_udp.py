"""Many datagrams in one system call: `sendmmsg` and `recvmmsg` of Linux over arrays of numpy.

Python names neither; a sender and listener of hundreds of streams would otherwise spend more of
the machine than the engine that it measures.
"""

import ctypes
import os
import socket
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

SO_TIMESTAMPNS = 35  # <asm-generic/socket.h>; Python does not name it
RECEIVE_BUFFER = 1 << 20

_LIBC = ctypes.CDLL(None, use_errno=True)
_MSG_DONTWAIT = 0x40
_CONTROL_BYTES = 64
_ROW_BYTES = 2048

_ADDRESS = np.dtype([("family", "=u2"), ("port", ">u2"), ("host", ">u4"), ("zero", "=u8")])
_IOVEC = np.dtype([("base", "=u8"), ("length", "=u8")])
# struct mmsghdr of 64-bit Linux.
_HEADER = np.dtype(
    {
        "names": ["name", "name_length", "iov", "iov_length", "control", "control_length", "bytes"],
        "formats": ["=u8", "=u4", "=u8", "=u8", "=u8", "=u8", "=u4"],
        "offsets": [0, 8, 16, 24, 32, 40, 56],
        "itemsize": 64,
    }
)
# struct cmsghdr, and the struct timespec behind it.
_STAMP = np.dtype(
    {
        "names": ["seconds", "nanoseconds"],
        "formats": ["=i8", "=i8"],
        "offsets": [16, 24],
        "itemsize": _CONTROL_BYTES,
    }
)


def open_port(host: str) -> tuple[socket.socket, socket.socket]:
    """Bind an even port and the one above, where RTCP comes to nobody; read by `Inbox`."""
    while True:
        pair = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        pair[0].bind((host, 0))
        port = pair[0].getsockname()[1]
        try:
            if port % 2 == 0:
                pair[1].bind((host, port + 1))
                break
        except OSError:
            pass
        for opened in pair:
            opened.close()
    pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    pair[0].setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    return pair[0], pair[1]


class Outbox:
    """Packets of one length that leave one socket together, each to an address of its own."""

    def __init__(self, udp: socket.socket, packets: Array, host: str, ports: list[int]) -> None:
        """Take a contiguous array of packets; whoever owns it changes it before each `send`."""
        count = len(packets)
        self._descriptor = udp.fileno()
        self._packets = packets
        self._addresses = np.zeros(count, _ADDRESS)
        self._addresses["family"] = socket.AF_INET
        self._addresses["port"] = ports
        self._addresses["host"] = int.from_bytes(socket.inet_aton(host), "big")
        self._parts = np.zeros(count, _IOVEC)
        self._parts["base"] = _pointers(packets)
        self._parts["length"] = packets.itemsize
        self._headers = np.zeros(count, _HEADER)
        self._headers["name"] = _pointers(self._addresses)
        self._headers["name_length"] = _ADDRESS.itemsize
        self._headers["iov"] = _pointers(self._parts)
        self._headers["iov_length"] = 1

    def send(self) -> None:
        """Send all of them.

        Raises:
            OSError: one could not leave.
        """
        at, count = 0, len(self._headers)
        while at < count:
            headers = ctypes.c_void_p(self._headers[at:].ctypes.data)
            sent = _LIBC.sendmmsg(self._descriptor, headers, count - at, 0)
            if sent < 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
            at += sent


class Inbox:
    """What has come to one socket: bytes, where from, and when by the kernel's clock."""

    def __init__(self, udp: socket.socket, rows: int = 256) -> None:
        self._descriptor = udp.fileno()
        self._rows = np.zeros((rows, _ROW_BYTES), np.uint8)
        self._addresses = np.zeros(rows, _ADDRESS)
        self._stamps = np.zeros(rows, _STAMP)
        self._parts = np.zeros(rows, _IOVEC)
        self._parts["base"] = _pointers(self._rows)
        self._parts["length"] = _ROW_BYTES
        self._headers = np.zeros(rows, _HEADER)
        self._headers["name"] = _pointers(self._addresses)
        self._headers["iov"] = _pointers(self._parts)
        self._headers["iov_length"] = 1
        self._headers["control"] = _pointers(self._stamps)

    def receive(self) -> int:
        """Take what is there, at most as many as there are rows; return how many."""
        self._headers["name_length"] = _ADDRESS.itemsize
        self._headers["control_length"] = _CONTROL_BYTES
        headers = ctypes.c_void_p(self._headers.ctypes.data)
        count: int = _LIBC.recvmmsg(
            self._descriptor, headers, len(self._headers), _MSG_DONTWAIT, None
        )
        return max(count, 0)

    @property
    def size(self) -> int:
        """Return how many can be taken at once."""
        return len(self._headers)

    def lengths(self, count: int) -> Array:
        """Return the bytes of each of the first datagrams."""
        return self._headers["bytes"][:count].astype(np.int64)

    def ports(self, count: int) -> Array:
        """Return the port that each came from."""
        return self._addresses["port"][:count].astype(np.int64)

    def arrivals(self, count: int) -> Array:
        """Return when each came, in Unix nanoseconds."""
        stamps = self._stamps[:count]
        found: Array = stamps["seconds"] * 1_000_000_000 + stamps["nanoseconds"]
        return found

    def packets(self, count: int, shape: np.dtype[Any]) -> Array:
        """Return the beginnings of the first datagrams in a shape."""
        return np.ascontiguousarray(self._rows[:count, : shape.itemsize]).view(shape)[:, 0]


def _pointers(array: Array) -> Array:
    """Return the address of each row."""
    found: Array = np.uint64(array.ctypes.data) + np.arange(
        len(array), dtype=np.uint64
    ) * np.uint64(array.strides[0])
    return found
