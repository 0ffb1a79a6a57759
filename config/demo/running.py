"""A hotline as a child: `hotline serve --demo` on addresses of its own, stopped at the end."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from config.addresses import Address
from hotline.kernel.errors import HotlineError

LOG: Final = "demo.log"
READY_SECONDS: Final = 90.0
"""The first start makes the database; later ones take a few seconds."""
STOP_SECONDS: Final = 40.0


class Listening(NamedTuple):
    """Where the pages, calls and mail come in."""

    http: Address
    sip: Address
    smtp: Address

    @classmethod
    def anywhere(cls) -> "Listening":
        """Return free ports of this machine."""
        return cls(free_address(), free_address(), free_address())


@asynccontextmanager
async def running(
    data: Path, listening: Listening, environment: Mapping[str, str]
) -> AsyncGenerator[None, None]:
    """Run `hotline serve --demo` while the block runs; its log goes to `LOG` in `data`.

    Raises:
        HotlineError: if it does not start; the message says where to look.
    """
    log = data / LOG
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "config.cli", "serve", "--demo", "--data", str(data),
            "--http", str(listening.http), "--sip", str(listening.sip),
            "--smtp", str(listening.smtp),
            stdout=asyncio.subprocess.PIPE, stderr=sink, env={**os.environ, **environment},
            start_new_session=True,
        )  # fmt: skip
        try:
            await _ready(process, log)
            yield
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()


async def _ready(process: asyncio.subprocess.Process, log: Path) -> None:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_SECONDS):
            async for line in process.stdout:
                if b"ready" in line:
                    return
    except TimeoutError:
        pass
    raise HotlineError(f"the hotline did not start: read the end of {log}")


def is_free(address: Address) -> bool:
    """Say whether TCP and UDP can be bound there."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind((address.host, address.port))
            udp.bind((address.host, address.port))
        except OSError:
            return False
    return True


def free_address(host: str = "127.0.0.1") -> Address:
    """Return an address with a port that nobody has."""
    with socket.socket() as other:
        other.bind((host, 0))
        return Address(host, other.getsockname()[1])
