"""Ports for tests that must name them beforehand: no other test gets them meanwhile.

They lie below those which Linux gives to whoever asks for port 0
(`/proc/sys/net/ipv4/ip_local_port_range`): a port that was asked for so and given back belongs
to whoever asks next. Every xdist worker has a share of its own and goes round in it.
"""

import os
import socket
from collections.abc import Iterator
from itertools import cycle, islice

FIRST, SHARE, WORKERS = 10_000, 2_000, 11
TRIES = 50
KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)


def free_port(host: str = "127.0.0.1") -> int:
    """Return an even port that nobody uses on this host, nor the odd one above it."""
    return _free(1, host)[0]


def free_range(pairs: int) -> tuple[int, int]:
    """Return first and last of a range of even/odd pairs that nobody uses."""
    return _free(pairs, "127.0.0.1")


def _evens() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    first = FIRST + worker * SHARE
    # Two runs on one machine begin at different places.
    return islice(cycle(range(first, first + SHARE, 2)), os.getpid() % (SHARE // 2), None)


_turns = _evens()


def _free(pairs: int, host: str) -> tuple[int, int]:
    for _ in range(TRIES):
        evens = [next(_turns) for _ in range(pairs)]
        first, last = evens[0], evens[-1] + 1
        if last - first == 2 * pairs - 1 and _are_free(host, range(first, last + 1)):
            return first, last
    raise RuntimeError(f"no {pairs} free pairs of ports on {host}")


def _are_free(host: str, ports: range) -> bool:
    return all(_is_free(host, port, kind) for port in ports for kind in KINDS)


def _is_free(host: str, port: int, kind: socket.SocketKind) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
