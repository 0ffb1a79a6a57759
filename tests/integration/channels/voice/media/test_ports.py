import socket

import pytest

from channels.voice.media.engine import PortsExhausted
from channels.voice.media.ports import PortPool
from tests.fakes.ports import free_range


def test_pairs_are_even_and_odd_and_neighbours() -> None:
    pool = PortPool("127.0.0.1", *free_range(3))

    pairs = [pool.open() for _ in range(3)]

    for pair in pairs:
        assert pair.port % 2 == 0
        assert pair.rtp.getsockname()[1] == pair.port
        assert pair.rtcp.getsockname()[1] == pair.port + 1
        pool.release(pair)


def test_an_odd_beginning_and_an_even_end_are_left_out() -> None:
    first, last = free_range(3)
    pool = PortPool("127.0.0.1", first + 1, last - 1)

    pair = pool.open()
    with pytest.raises(PortsExhausted):
        pool.open()
    pool.release(pair)
    assert pair.port == first + 2


def test_the_longest_unused_pair_comes_first() -> None:
    first, last = free_range(3)
    pool = PortPool("127.0.0.1", first, last)
    used = pool.open()
    pool.release(used)

    following = [pool.open() for _ in range(3)]

    assert [pair.port for pair in following] == [first + 2, first + 4, first]
    for pair in following:
        pool.release(pair)


def test_ports_of_other_programs_are_passed_over() -> None:
    first, last = free_range(2)
    pool = PortPool("127.0.0.1", first, last)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", first + 1))

        pair = pool.open()
        with pytest.raises(PortsExhausted):
            pool.open()

    assert pair.port == first + 2
    freed = pool.open()
    assert freed.port == first
    pool.release(pair)
    pool.release(freed)


def test_the_system_may_choose() -> None:
    pool = PortPool("127.0.0.1", 0, 0)

    pairs = [pool.open() for _ in range(5)]

    assert all(pair.port % 2 == 0 for pair in pairs)
    assert len({pair.port for pair in pairs}) == 5
    for pair in pairs:
        pool.release(pair)


@pytest.mark.parametrize(
    ("first", "last"), [(40_001, 40_002), (40_010, 40_000), (80, 100), (65_000, 70_000), (0, 100)]
)
def test_a_range_without_a_pair_is_refused(first: int, last: int) -> None:
    with pytest.raises(ValueError, match=f"{first}-{last}"):
        PortPool("127.0.0.1", first, last)


def test_an_address_of_somebody_else_is_an_error_and_not_exhaustion() -> None:
    pool = PortPool("192.0.2.1", *free_range(1))

    with pytest.raises(OSError, match="assign"):
        pool.open()


def test_both_families_are_bound() -> None:
    pool = PortPool("::1", 0, 0)

    pair = pool.open()

    assert pair.rtp.family is socket.AF_INET6
    pool.release(pair)
