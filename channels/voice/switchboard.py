"""Which dialog an event belongs to: the one listener of the SIP endpoint."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from channels.voice.endpoint import Endpoint
from channels.voice.leg import Leg
from channels.voice.media.engine import LegClosed, MediaLeg
from channels.voice.sip.address import Hop
from channels.voice.sip.auth import Credentials
from channels.voice.sip.events import (
    CallKey,
    CallOffered,
    RegisterReceived,
    RegistrationChanged,
    SipEvent,
)
from channels.voice.sound import Sound


class Switchboard:
    """Keeps the legs that are alive, and hands each event to the one it is about."""

    def __init__(
        self,
        *,
        on_call: Callable[[CallOffered, Leg], None],
        on_register: Callable[[RegisterReceived], None],
        on_registration: Callable[[RegistrationChanged], None],
    ) -> None:
        self._on_call = on_call
        self._on_register = on_register
        self._on_registration = on_registration
        self._legs: dict[CallKey, Leg] = {}
        self._endpoint: Endpoint | None = None
        self._early: list[SipEvent] = []
        """What a call of ours brought before its key was known: an instant failure."""
        self._is_dialling = False
        self._closed = Sound()

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint whose events come here."""
        assert self._endpoint is not None, "connect() comes first"
        return self._endpoint

    @property
    def legs(self) -> int:
        """How many legs are alive."""
        return len(self._legs)

    def connect(self, endpoint: Endpoint) -> None:
        """Use this endpoint from now on."""
        self._endpoint = endpoint

    def receive(self, event: SipEvent) -> None:
        """Take one event of the endpoint; never blocks."""
        match event:
            case CallOffered():
                self._on_call(event, self._keep(event.call))
            case RegisterReceived():
                self._on_register(event)
            case RegistrationChanged():
                self._on_registration(event)
            case _:
                leg = self._legs.get(event.call)
                if leg is not None:
                    leg.receive(event)
                elif self._is_dialling:
                    self._early.append(event)

    def dial(
        self,
        target: str,
        sdp: bytes,
        media: MediaLeg,
        *,
        caller: str = "",
        credentials: Credentials | None = None,
        destination: Hop | None = None,
        route: Sequence[str] = (),
        ring_limit: float | None = None,
        patience: float | None = None,
        identity: str = "",
        is_private: bool = False,
    ) -> Leg:
        """Call `target`; see `Endpoint.invite`."""
        self._is_dialling = True
        try:
            key = self.endpoint.invite(
                target,
                sdp,
                caller=caller,
                credentials=credentials,
                destination=destination,
                route=route,
                ring_limit=ring_limit,
                patience=patience,
                identity=identity,
                is_private=is_private,
            )
        finally:
            self._is_dialling = False
        leg = self._keep(key, media)
        early, self._early = self._early, []
        for event in early:
            self.receive(event)
        return leg

    def _keep(self, key: CallKey, media: MediaLeg | None = None) -> Leg:
        leg = Leg(self.endpoint, key, media)
        self._legs[key] = leg
        return leg

    async def drop(self, leg: Leg) -> None:
        """End a leg and forget it; again changes nothing."""
        known = self._legs.pop(leg.key, None)
        await leg.close()
        if known is not None:
            with suppress(LegClosed):
                self._closed = self._closed.with_leg(leg.media.statistics)

    def sound(self) -> Sound:
        """Return what all legs together have sent and received since the process began."""
        total = self._closed
        for leg in self._legs.values():
            with suppress(LegClosed):
                total = total.with_leg(leg.media.statistics)
        return total
