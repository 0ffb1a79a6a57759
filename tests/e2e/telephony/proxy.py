"""Kamailio with the shipped configuration, and SIPp beside it, as programs of a test."""

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

CONFIGURATION = Path(__file__).parents[3] / "config" / "data" / "telephony" / "kamailio.cfg"
START_SECONDS = 90.0


@asynccontextmanager
async def kamailio(folder: Path, port: int, nodes: list[int]) -> AsyncGenerator[None, None]:
    """Run Kamailio with the shipped configuration and lists of our own."""
    folder.mkdir()
    lists = {
        "DISPATCHER_LIST": "".join(f"1 sip:127.0.0.1:{node} 0 0\n" for node in nodes),
        "ADDRESS_LIST": "1 127.0.0.1 32 0\n",
    }
    defines = [f'CONTROL_SOCKET="unix:{folder}/control"']
    for name, text in lists.items():
        (folder / name).write_text(text)
        defines.append(f'{name}="{folder / name}"')
    process = await start(
        require("kamailio", "kamailio"), "-DD", "-E", "-f", str(CONFIGURATION),
        "-l", f"udp:127.0.0.1:{port}", "-Y", str(folder), "-w", str(folder), "-m", "64", "-M", "8",
        *(word for define in defines for word in ("-A", define)),
        cwd=folder,
    )  # fmt: skip
    async with ended(process):
        await until(lambda: answers_options(port))
        yield


async def answers_options(port: int) -> bool:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.connect(("127.0.0.1", port))
        own = sender.getsockname()[1]
        request = (
            f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK-{own}\r\n"
            f"From: <sip:test@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {own}\r\n"
            "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
        with contextlib.suppress(OSError, TimeoutError):
            await loop.sock_sendall(sender, request.encode())
            async with asyncio.timeout(0.5):
                return (await loop.sock_recv(sender, 4096)).startswith(b"SIP/2.0 200")
    return False


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Look until it holds; programs start slowly on a busy machine."""
    async with asyncio.timeout(START_SECONDS):
        while not await holds():
            await asyncio.sleep(0.1)


async def start(*words: str, cwd: Path, log: Path | None = None) -> asyncio.subprocess.Process:
    """Start a program; with `log` its errors go there and its output to us, else both to a file."""
    with (log or cwd / "output.log").open("ab") as file:
        out = file if log is None else asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(*words, cwd=cwd, stdout=out, stderr=file)


@asynccontextmanager
async def ended(process: asyncio.subprocess.Process) -> AsyncGenerator[None, None]:
    """End a program of ours after the block."""
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(5):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


def require(program: str, package: str) -> str:
    """Return a program's path; skip where it is not installed, fail in CI."""
    found = shutil.which(program)
    if found is None:
        reason = f"{program} is missing: apt-get install {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
