"""A role that cannot listen says what to do; everything else keeps its trace."""

import asyncio
import errno
import os

import pytest

from config.roles.process import listening_problem


async def _listen(host: str, port: int) -> OSError:
    with pytest.raises(OSError, match="bind") as refused:
        await asyncio.start_server(lambda _reader, _writer: None, host, port)
    return refused.value


async def test_an_address_that_is_not_ours_is_explained() -> None:
    # Documentation addresses (RFC 5737) are on no machine.
    problem = listening_problem("voice", await _listen("203.0.113.77", 5060))

    assert problem is not None
    assert str(problem).startswith("voice: ")
    assert "203.0.113.77" in str(problem)
    assert str(problem).endswith("choose one of its own, or 0.0.0.0")


async def test_a_port_that_is_taken_is_explained() -> None:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    async with server:
        problem = listening_problem("web", await _listen(*server.sockets[0].getsockname()))

    assert problem is not None
    assert "end the program that listens there" in str(problem)


def test_a_port_that_only_root_may_have_is_explained() -> None:
    problem = listening_problem("mail", OSError(errno.EACCES, os.strerror(errno.EACCES)))

    assert problem is not None
    assert "ports below 1024 need root" in str(problem)


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(errno.EACCES, "Permission denied", "recordings"),
        OSError(errno.ENOSPC, "No space left on device"),
    ],
)
def test_what_is_no_matter_of_addresses_is_left_alone(error: OSError) -> None:
    assert listening_problem("voice", error) is None
