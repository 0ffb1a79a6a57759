"""baresip as a scripted phone: started in a folder of its own, driven over its TCP control."""

import asyncio
import json
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.ports import free_port, free_range

CONFIG = """\
sip_listen {host}:{sip}
call_local_timeout 120
call_max_calls 4
audio_path /usr/share/baresip
audio_source aufile,{microphone}
audio_player aufile,{folder}/player.wav
audio_alert aufile,/dev/null
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_txmode thread
rtp_ports {rtp[0]}-{rtp[1]}
module_path /usr/lib/baresip/modules
module stdio.so
module g711.so
module aufile.so
module ausine.so
module sndfile.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
module_app debug_cmd.so
ctrl_tcp_listen {host}:{control}
snd_path {folder}
"""

HOST = "127.0.0.1"
HEADER_BYTES = 44
RTP_PAIRS = 20


@dataclass
class Baresip:
    """A running baresip."""

    folder: Path
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def command(self, name: str, params: str = "") -> None:
        """Send one command."""
        text = json.dumps({"command": name, "params": params, "token": name}).encode()
        self.writer.write(b"%d:%s," % (len(text), text))
        await self.writer.drain()

    async def event(self, kind: str, *, timeout: float = 20.0) -> dict[str, Any]:
        """Wait for an event such as CALL_ESTABLISHED."""
        async with asyncio.timeout(timeout):
            while True:
                message = await self._read()
                if message.get("type") == kind:
                    return message

    async def _read(self) -> dict[str, Any]:
        size = int((await self.reader.readuntil(b":"))[:-1])
        message = json.loads(await self.reader.readexactly(size))
        await self.reader.readexactly(1)
        assert isinstance(message, dict)
        return message

    def heard(self) -> Path:
        """Return the file of what it heard (decoded sound, 8 kHz mono)."""
        [path] = self.folder.glob("dump-*-dec.wav")
        return path

    def heard_so_far(self) -> Path:
        """Return a copy of what it has heard until now; its own file is no WAV before the end."""
        found = [path.read_bytes()[HEADER_BYTES:] for path in self.folder.glob("dump-*-dec.wav")]
        copy = self.folder / "so-far.wav"
        with wave.open(str(copy), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(b"".join(found)[: sum(map(len, found)) & ~1])
        return copy


@asynccontextmanager
async def baresip(
    folder: Path, account: str, microphone: Path, extra: str = ""
) -> AsyncGenerator[Baresip, None]:
    """Run baresip with one account while the block runs; `extra` are lines of its configuration."""
    folder.mkdir()
    control = free_port()
    config = CONFIG.format(
        host=HOST, sip=free_port(), control=control, microphone=microphone,
        folder=folder, rtp=free_range(RTP_PAIRS),
    )  # fmt: skip
    (folder / "config").write_text(config + extra)
    (folder / "accounts").write_text(account + "\n")
    (folder / "contacts").write_text("")
    process = await asyncio.create_subprocess_exec(
        "baresip", "-f", str(folder), cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        reader, writer = await _connect(control)
        try:
            yield Baresip(folder, reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection(HOST, port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
