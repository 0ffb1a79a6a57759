"""`hotline call`: a scripted citizen with a real telephone."""

import asyncio
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from channels.voice.phone import Phone, PhoneOptions
from channels.voice.phone_call import PhoneCall, PhoneError
from channels.voice.sip.errors import PeerError
from channels.voice.sip.uri import Uri
from hotline.kernel.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class CallScript:
    """What the citizen does, in this order."""

    target: str
    """A SIP URI."""
    number: str = "13800000001"
    """The citizen's own."""
    press: tuple[str, ...] = ()
    """Keys; each of these waits until a prompt has ended."""
    play: Path | None = None
    """A WAV file to say after the keys."""
    record: Path | None = None
    """Where a WAV file goes: left what is heard, right what is said."""
    seconds: float = 60.0
    """Hang up that long after the answer, unless the other side does."""
    ring_limit: float = 60.0


async def make_call(script: CallScript, *, tell: Callable[[str], None]) -> None:
    """Make one call; `tell` is given each step.

    Raises:
        NotAnswered: if it was refused, or nobody answered in time.
        PhoneError: if a prompt for a key did not end in time.
        Invalid: if the target is no SIP address that can be reached.
    """
    loop = asyncio.get_running_loop()
    async with Phone.open(PhoneOptions(user=script.number, host=_own_host(script.target))) as phone:
        began = loop.time()
        tell(f"{0.0:6.1f} s  ringing {script.target}")
        call = await phone.dial(script.target, timeout=script.ring_limit)
        answered = loop.time()

        def say(what: str) -> None:
            tell(f"{loop.time() - began:6.1f} s  {what}")

        say("answered")
        try:
            await _talk(call, script, answered + script.seconds, say)
        finally:
            await call.end()
            if script.record and call.heard.exists():
                await asyncio.to_thread(shutil.copyfile, call.heard, script.record)
                say(f"recorded to {script.record}")


async def _talk(
    call: PhoneCall, script: CallScript, until: float, say: Callable[[str], None]
) -> None:
    loop = asyncio.get_running_loop()
    for keys in script.press:
        await call.wait_pause(timeout=max(0.1, until - loop.time()))
        await call.press(keys)
        say(f"pressed {keys}")
    if script.play and not call.is_over:
        await call.play(script.play)
        say(f"said {script.play}")
    try:
        end = await call.wait_over(timeout=max(0.1, until - loop.time()))
        say(f"the call ended: {end}")
    except PhoneError:
        await call.hang_up()
        say("hung up")


def _own_host(target: str) -> str:
    """Return the address of ours that packets to the target leave from."""
    try:
        where = Uri.parse(target)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((where.host, where.port or 5060))
            host: str = probe.getsockname()[0]
    except (PeerError, OSError):
        raise Invalid("target", f"{target} cannot be reached: write sip:NUMBER@HOST:PORT") from None
    return host
