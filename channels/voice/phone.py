"""A scripted telephone: a real SIP user agent with real sockets and sound, for a citizen or a seat.

async with Phone.open(PhoneOptions(user="13800000001")) as phone:
    call = await phone.dial("sip:12319@127.0.0.1:5060")
    await call.press("1")
    await call.play(Path("voice.wav"))
    await call.wait_over(timeout=60)
    call.heard                      # a WAV file: left what it heard, right what it said
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from channels.voice.endpoint import Endpoint, EndpointOptions
from channels.voice.leg import Leg
from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.phone_call import PhoneCall, PhoneError
from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.auth import Credentials
from channels.voice.sip.errors import CallGone
from channels.voice.sip.events import (
    CallOffered,
    RegisterReceived,
    RegistrationChanged,
    RegistrationKey,
    RegistrationState,
)
from channels.voice.sip.sdp import SdpError
from channels.voice.sip.uri import Uri, host_port
from channels.voice.switchboard import Switchboard
from channels.voice.waiters import first_of, stop_tasks
from hotline.kernel.tasks import spawn

MAX_CALLS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneOptions:
    """What kind of phone it is."""

    user: str = "citizen"
    """Its number, and the user name for registering."""
    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    first_rtp_port: int = 0
    last_rtp_port: int = 0
    refuses_with: int | None = None
    """A SIP status such as 486 with which it refuses every call."""
    answers: bool = True
    """False: it rings until the other side gives up."""
    password: str = field(default="", repr=False)
    """With one it proves at every call that it is `user`, when it is asked."""
    answers_after: float = 0.0
    """Seconds of ringing before it answers."""
    microphone: Path | None = None
    """A WAV file that it says again and again while it talks; None: silence."""
    folder: Path | None = None
    """Where what it hears goes, `<user>-<n>.wav`; None: a folder that is removed at the end."""


class Phone:
    """A telephone that is switched on."""

    def __init__(self, options: PhoneOptions, folder: Path, media: EmbeddedMediaEngine) -> None:
        self._options = options
        self._folder = folder
        self._media = media
        self._switchboard = Switchboard(
            on_call=self._call_came,
            on_register=self._register_came,
            on_registration=self._registration_changed,
        )
        self._legs: list[Leg] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._incoming: asyncio.Queue[PhoneCall] = asyncio.Queue(MAX_CALLS)
        self._registration: RegistrationKey | None = None
        self._registered = asyncio.Event()
        self._registration_status = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, options: PhoneOptions) -> AsyncGenerator["Phone", None]:
        """Switch the phone on while the block runs; its calls end with it.

        Raises:
            OSError: if the address cannot be bound.
        """
        async with AsyncExitStack() as stack:
            folder = options.folder
            if folder is None:
                made = stack.enter_context(tempfile.TemporaryDirectory(prefix="phone-"))
                folder = Path(made)
            media = await stack.enter_async_context(
                EmbeddedMediaEngine(
                    EmbeddedMediaOptions(
                        options.host, options.first_rtp_port, options.last_rtp_port
                    )
                )
            )
            phone = cls(options, folder, media)
            endpoint = await stack.enter_async_context(
                Endpoint.open(
                    EndpointOptions(
                        host=options.host,
                        port=options.port,
                        user=options.user,
                        name="Hotline scripted phone",
                        max_calls=MAX_CALLS,
                    ),
                    phone._switchboard.receive,
                )
            )
            phone._switchboard.connect(endpoint)
            try:
                yield phone
            finally:
                await phone._close()

    @property
    def address(self) -> tuple[str, int]:
        """The host and port at which the phone is reached."""
        return self._switchboard.endpoint.address

    async def call(self, uri: str) -> PhoneCall:
        """Begin to ring a URI, and do not wait for the answer."""
        media, sdp = await self._media.offer(f"{self._options.user} calls")
        options = self._options
        leg = self._switchboard.dial(
            uri,
            sdp,
            media,
            caller=f"sip:{options.user}@{host_port(self.address[0], None)}",
            credentials=Credentials(options.user, options.password) if options.password else None,
        )
        return self._new_call(leg)

    async def dial(self, uri: str, *, timeout: float = 30.0) -> PhoneCall:
        """Ring a URI and return the call once it is answered.

        Raises:
            NotAnswered: if it was refused, or nobody answered in time.
        """
        call = await self.call(uri)
        await call.wait_answered(timeout=timeout)
        await call.begin()
        return call

    async def register(
        self, registrar: str, *, password: str, expires: int = 3600, timeout: float = 10.0
    ) -> None:
        """Register as `user` at a registrar (`sip:HOST:PORT`), and stay registered.

        Raises:
            PhoneError: if the registrar does not accept it in time.
        """
        where = Uri.parse(registrar)
        self._registration = self._switchboard.endpoint.register(
            f"sip:{self._options.user}@{host_port(where.host, None)}",
            registrar,
            credentials=Credentials(self._options.user, password),
            expires=expires,
            destinations=[
                Hop(Transport(where.param("transport") or "udp"), where.host, where.port or 5060)
            ],
            contact_user=self._options.user,
        )
        if not await first_of(self._registered, timeout=timeout):
            raise PhoneError(f"not registered, last answer {self._registration_status}")

    async def unregister(self) -> None:
        """Tell the registrar that the phone goes off."""
        if self._registration is not None:
            self._switchboard.endpoint.unregister(self._registration)
            self._registration = None

    async def next_call(self, *, timeout: float = 30.0) -> PhoneCall:
        """Return the next call that came in: answered, or ringing if the phone does not answer.

        Raises:
            PhoneError: if none comes in time.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._incoming.get()
        except TimeoutError:
            raise PhoneError(f"no call within {timeout:g} s") from None

    def _new_call(self, leg: Leg) -> PhoneCall:
        self._legs.append(leg)
        heard = self._folder / f"{self._options.user}-{len(self._legs)}.wav"
        return PhoneCall(self._switchboard.endpoint, leg, heard, self._options.microphone)

    def _call_came(self, offered: CallOffered, leg: Leg) -> None:
        task = spawn(self._take(offered, leg), f"phone {self._options.user}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, offered: CallOffered, leg: Leg) -> None:
        call = self._new_call(leg)
        endpoint = self._switchboard.endpoint
        with suppress(CallGone):
            if self._options.refuses_with is not None:
                endpoint.reject(leg.key, self._options.refuses_with)
                return
            endpoint.ring(leg.key)
            if not self._options.answers:
                await self._incoming.put(call)
                return
            await asyncio.sleep(self._options.answers_after)
            try:
                media, sdp = await self._media.answer(str(leg.key), offered.sdp)
            except SdpError as error:
                endpoint.reject(leg.key, error.status)
                return
            leg.attach(media)
            endpoint.answer(leg.key, sdp)
            await first_of(leg.answered, leg.over)
            if call.is_up:
                await call.begin()
                await self._incoming.put(call)

    def _register_came(self, event: RegisterReceived) -> None:
        with suppress(CallGone):
            self._switchboard.endpoint.reject_register(event.request_key, 403)

    def _registration_changed(self, event: RegistrationChanged) -> None:
        self._registration_status = event.status
        if event.state is RegistrationState.REGISTERED:
            self._registered.set()
        else:
            self._registered.clear()

    async def _close(self) -> None:
        await stop_tasks(*self._tasks)
        for leg in self._legs:
            await self._switchboard.drop(leg)
