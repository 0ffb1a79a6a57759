"""One call of a scripted telephone: what its script may wait for, say, press and ask."""

import asyncio
from contextlib import suppress
from pathlib import Path

from channels.voice.endpoint import Endpoint
from channels.voice.leg import Leg, LegEnd
from channels.voice.media.engine import LegClosed
from channels.voice.sip.events import CallKey
from channels.voice.sip.sdp import Direction
from channels.voice.tones import RATE, loudness, read_channel
from channels.voice.waiters import first_of, stop_tasks
from hotline.kernel.errors import HotlineError
from hotline.kernel.tasks import spawn

KEY_GAP_SECONDS = 0.15
"""Between two keys: people are slower, and RFC 4733 needs an end packet in between."""

QUIET = 150.0
"""Mean absolute sample below which a stretch of sound is a pause."""


class PhoneError(HotlineError):
    """The scripted phone could not do what its script says."""


class NotAnswered(PhoneError):
    """A call was refused, or nobody answered in time; `status` is the SIP answer, if any."""

    def __init__(self, status: int | None) -> None:
        super().__init__("nobody answered in time" if status is None else f"refused with {status}")
        self.status = status


class PhoneCall:
    """One call of a scripted phone."""

    def __init__(self, endpoint: Endpoint, leg: Leg, heard: Path, microphone: Path | None) -> None:
        self._endpoint = endpoint
        self._leg = leg
        self._microphone = microphone
        self._saying: asyncio.Task[object] | None = None
        self.heard = heard
        """A WAV file: left what it heard, right what it said; there once it was answered."""

    @property
    def key(self) -> CallKey:
        """The dialog at the phone's endpoint."""
        return self._leg.key

    @property
    def is_up(self) -> bool:
        """Whether both sides can talk."""
        return self._leg.answered.is_set() and not self._leg.is_over

    @property
    def is_over(self) -> bool:
        """Whether the call has ended."""
        return self._leg.is_over

    @property
    def status(self) -> int | None:
        """The SIP status with which our call was refused."""
        return self._leg.status

    async def begin(self) -> None:
        """Record what is heard, and say what the microphone says."""
        await self._leg.media.start_recording(self.heard)
        if self._microphone is not None:
            self.say(self._microphone, loop=True)

    async def wait_ringing(self, *, timeout: float = 10.0) -> None:
        """Wait until the other side rings.

        Raises:
            NotAnswered: if it refused, or did not ring in time.
        """
        await first_of(self._leg.ringing, self._leg.answered, self._leg.over, timeout=timeout)
        if self._leg.is_over or not (self._leg.ringing.is_set() or self.is_up):
            raise NotAnswered(self._leg.status)

    async def wait_answered(self, *, timeout: float = 30.0) -> None:
        """Wait until the other side answers.

        Raises:
            NotAnswered: if it refused, or did not answer in time.
        """
        await first_of(self._leg.answered, self._leg.over, timeout=timeout)
        if not self.is_up:
            raise NotAnswered(self._leg.status)

    async def wait_over(self, *, timeout: float = 60.0) -> LegEnd:
        """Wait until the call ends, and return how.

        Raises:
            PhoneError: if it does not end in time.
        """
        if not await first_of(self._leg.over, timeout=timeout):
            raise PhoneError(f"the call goes on after {timeout:g} s")
        await self.end()
        return self._leg.over.result()

    async def press(self, keys: str) -> None:
        """Press keys one after the other (RFC 4733)."""
        for key in keys:
            await self._leg.media.send_digit(key)
            await asyncio.sleep(KEY_GAP_SECONDS)

    async def next_key(self, *, timeout: float = 10.0) -> str:
        """Return the next key that the other side presses.

        Raises:
            PhoneError: if none comes in time.
        """
        try:
            async with asyncio.timeout(timeout):
                return (await self._leg.media.digits.get()).key
        except TimeoutError:
            raise PhoneError(f"no key within {timeout:g} s") from None

    async def play(self, file: Path) -> None:
        """Say a WAV file once, to its end."""
        await self._hush()
        await self._leg.media.play([file])

    def say(self, file: Path, *, loop: bool = False) -> None:
        """Begin to say a WAV file, and go on with the script; takes the place of the last one."""
        if self._saying is not None:
            self._saying.cancel()
        self._saying = spawn(self._leg.media.play([file], loop=loop), "microphone")

    async def wait_pause(self, *, seconds: float = 1.0, timeout: float = 60.0) -> None:
        """Wait until something was heard and then nothing for `seconds`: a prompt has ended.

        Raises:
            PhoneError: if there is no such pause in time, or the call ends.
        """
        try:
            async with asyncio.timeout(timeout):
                # What was heard before this moment does not count as the prompt.
                start = await asyncio.to_thread(self._heard_samples)
                while not await asyncio.to_thread(self._has_paused, start, seconds):
                    if self._leg.is_over:
                        raise PhoneError("the call ended before the prompt did")
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise PhoneError(f"no prompt ended within {timeout:g} s") from None

    def _heard_samples(self) -> int:
        return len(read_channel(self.heard))

    def _has_paused(self, start: int, seconds: float) -> bool:
        heard = read_channel(self.heard)[start:]
        pause = round(seconds * RATE)
        if len(heard) <= pause:
            return False
        before, last = heard[:-pause], heard[-pause:]
        return loudness(last) < QUIET and any(
            loudness(before[at : at + 800]) > QUIET for at in range(0, len(before), 800)
        )

    async def hold(self) -> None:
        """Put the other side on hold (re-INVITE, sendonly)."""
        await self._leg.hold(Direction.SENDONLY)

    async def resume(self) -> None:
        """Take the other side back."""
        await self._leg.hold(Direction.SENDRECV)

    async def transfer(
        self, uri: str, *, other: "PhoneCall | None" = None, timeout: float = 30.0
    ) -> list[int]:
        """Ask the other side to call `uri`, or to take over `other` (REFER, with Replaces).

        Returns the statuses of its NOTIFYs, in order.

        Raises:
            PhoneError: if it says nothing final in time.
        """
        self._endpoint.refer(self._leg.key, uri, other=None if other is None else other.key)
        if not await first_of(self._leg.transferred, timeout=timeout):
            raise PhoneError(f"the transfer is not over after {timeout:g} s")
        return self._leg.transfer_statuses

    async def hang_up(self) -> None:
        """End the call."""
        self._leg.hang_up()
        await self.end()

    async def end(self) -> None:
        """Stop talking and finish the recording; again changes nothing."""
        await self._hush()
        with suppress(LegClosed):
            await self._leg.media.stop_recording()

    async def _hush(self) -> None:
        if self._saying is not None:
            await stop_tasks(self._saying)
            self._saying = None
