"""NG over HTTP, for requests that are too long for NG over TCP: prompts.

rtpengine closes an NG connection over TCP when a request comes in parts and more than a kilobyte of
it waits for the rest, and every network brings a prompt in parts. Over HTTP it waits for all of it.
"""

import aiohttp

from channels.voice.rtp.source import Address
from channels.voice.rtpengine import bencode
from channels.voice.rtpengine.bencode import BencodeMalformed, Decoded
from channels.voice.rtpengine.ng import HostSilent

POST_SECONDS = 4.0
"""Two minutes of sound are a megabyte; on the way that is a tenth of a second."""

_TYPE = {"Content-Type": "application/x-rtpengine-ng"}
_TIMEOUT = aiohttp.ClientTimeout(POST_SECONDS)


class NgPost:
    """The HTTP side of one rtpengine (its `listen-http`)."""

    def __init__(self, address: Address) -> None:
        self.address = address
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        self._url = f"http://{host}:{address[1]}/ng"
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)

    async def close(self) -> None:
        """Disconnect."""
        await self._session.close()

    async def exchange(self, message: bytes) -> Decoded:
        """Send a request, cookie and all, and return what is answered.

        Raises:
            HostSilent: nobody answers there as rtpengine does.
        """
        try:
            try:
                return await self._post(message)
            except aiohttp.ClientConnectionError:
                # One that was kept may be gone, and the cookie lets nothing be done twice.
                return await self._post(message)
        except (aiohttp.ClientError, TimeoutError, OSError, BencodeMalformed) as error:
            raise HostSilent(self.address) from error

    async def _post(self, message: bytes) -> Decoded:
        async with self._session.post(self._url, data=message, headers=_TYPE) as answer:
            said = await answer.read()
        decoded, _ = bencode.decode_from(said, said.find(b" ") + 1)
        return decoded
