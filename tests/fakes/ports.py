"""Free UDP ports for tests that need a range of them."""

import socket


def free_range(pairs: int) -> tuple[int, int]:
    """Return first and last of a range of even/odd pairs that nobody uses just now."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            first = probe.getsockname()[1] // 2 * 2
        if first + 2 * pairs <= 65_536 and all(map(_is_free, range(first, first + 2 * pairs))):
            return first, first + 2 * pairs - 1
    raise RuntimeError("no free range of UDP ports")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
