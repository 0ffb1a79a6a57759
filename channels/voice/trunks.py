"""The ways to the telephone network: registering, asking whether they are up, addresses to dial."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf

import structlog

from channels.voice.endpoint import Endpoint
from channels.voice.leg import LegEnd
from channels.voice.media.sdes import Srtp
from channels.voice.options import LineOptions, TrunkOptions
from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.events import RegistrationChanged, RegistrationKey, RegistrationState
from channels.voice.sip.outgoing import SILENT
from channels.voice.sip.uri import host_port
from channels.voice.srv import SHORTEST, SrvResolver, Way
from hotline.kernel.clock import Clock
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

PROBE_SECONDS = 20.0
"""From the answer to one question to the next."""

DOUBT_SECONDS = 5.0
"""The same, while a trunk is doubted or down."""

PROBE_PATIENCE = 4.0
"""A question that is not answered within so many seconds counts as unanswered."""

LONGEST_PAUSE = 3600
"""Seconds: a trunk that asks for a longer pause is tried again after so long."""

FAILURES = 2
"""Unanswered questions after which a trunk counts as down; one answer makes it up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkStatus:
    """How a trunk stands, for boards and metrics."""

    name: str
    is_up: bool = True
    """It answers; a trunk is up until it has twice failed to."""
    registration: RegistrationState | None = None
    """None: it is not registered with, or the first answer is not there yet."""
    registration_status: int = 0
    """SIP status of the last REGISTER; 0 without one."""
    probe_status: int = 0
    """SIP status of the last OPTIONS (any answer is a sign of life); 0 without one."""
    failures: int = 0
    """Unanswered OPTIONS and INVITEs in a row."""
    changed_at: datetime | None = None
    """When it went up or down; None: it has been up all the time."""
    registered_at: datetime | None = None
    """When the registration changed last."""


class TrunkRegistrations:
    """The trunks: our registrations with those that want them, and the health of all."""

    def __init__(
        self,
        trunks: Sequence[TrunkOptions],
        *,
        clock: Clock,
        probe_seconds: float = PROBE_SECONDS,
        resolver: SrvResolver | None = None,
    ) -> None:
        self._clock = clock
        self._resolver = resolver or SrvResolver()
        self._hops: dict[str, tuple[Hop, ...]] = {}
        """Where SRV records lead, by trunk."""
        self._silent: set[Hop] = set()
        """Those of them that did not answer the last question."""
        self._trunks = {trunk.name: trunk for trunk in trunks}
        self._probe_seconds = probe_seconds
        self._status = {trunk.name: TrunkStatus(name=trunk.name) for trunk in trunks}
        self._keys: dict[RegistrationKey, str] = {}
        self._pauses: dict[str, datetime] = {}
        """Until when a trunk has asked for no more calls."""
        self._calls = dict.fromkeys(self._trunks, 0)
        self._dialled_out = 0
        self._probes: list[asyncio.Task[None]] = []

    def start(self, endpoint: Endpoint) -> None:
        """Register with every provider that wants it, and ask all of them again and again."""
        for trunk in self._trunks.values():
            if trunk.uses_srv:
                self._probes.append(spawn(self._follow(endpoint, trunk), f"srv {trunk.name}"))
            else:
                self._begin(endpoint, trunk)

    def _begin(self, endpoint: Endpoint, trunk: TrunkOptions) -> None:
        if trunk.registers:
            key = endpoint.register(
                own_address(trunk),
                registrar_of(trunk),
                credentials=trunk.credentials,
                destinations=self.hops_of(trunk) or (hop_of(trunk),),
                contact_user=trunk.number,
            )
            self._keys[key] = trunk.name
        self._probes.append(spawn(self._watch(endpoint, trunk), f"trunk {trunk.name}"))

    def stop(self, endpoint: Endpoint) -> None:
        """Take our registrations back and ask no more."""
        for task in self._probes:
            task.cancel()
        self._probes.clear()
        for key in self._keys:
            endpoint.unregister(key)
        self._keys.clear()

    def receive(self, event: RegistrationChanged) -> None:
        """Note how a registration stands; the endpoint itself tries again."""
        name = self._keys.get(event.registration, "unknown")
        if name in self._status:
            self._status[name] = replace(
                self._status[name],
                registration=event.state,
                registration_status=event.status,
                registered_at=self._clock(),
            )
        if event.state is RegistrationState.FAILED:
            log.error("trunk_registration_failed", trunk=name, status=event.status)
        else:
            log.info("trunk_registration", trunk=name, state=event.state.value)

    @property
    def status(self) -> tuple[TrunkStatus, ...]:
        """How every trunk stands, in the order of the settings."""
        return tuple(self._status.values())

    def hops_of(self, trunk: TrunkOptions) -> tuple[Hop, ...]:
        """Return where a call by a trunk goes, one after the other; none: it takes no calls.

        In the order of the records (RFC 3263 4.2), but who did not answer our last question is
        tried last (4.3).
        """
        hops = self._hops.get(trunk.name, (hop_of(trunk),))
        return tuple(sorted(hops, key=self._silent.__contains__))

    @property
    def in_order(self) -> tuple[TrunkOptions, ...]:
        """The trunks in the order in which to dial by them: those down or overloaded come last.

        They are not left out: a wrong judgement of ours must not silence the house.
        """
        return tuple(
            sorted(self._trunks.values(), key=lambda trunk: not self._is_usable(trunk.name))
        )

    def note_probe(self, name: str, status: int, *, is_answered: bool) -> None:
        """Note what came of a question."""
        before = self._status[name]
        failures = 0 if is_answered else before.failures + 1
        is_up = failures < FAILURES
        now = replace(
            before,
            is_up=is_up,
            probe_status=status,
            failures=failures,
            changed_at=before.changed_at if is_up is before.is_up else self._clock(),
        )
        self._status[name] = now
        if before.is_up and not now.is_up:
            log.error("trunk_down", trunk=name, status=status)
        elif now.is_up and not before.is_up:
            log.info("trunk_up", trunk=name)

    def note_silence(self, name: str) -> None:
        """Note that a call got not a word from a trunk: it is doubted."""
        self.note_probe(name, SILENT, is_answered=False)

    def note_pause(self, name: str, seconds: int) -> None:
        """Note that a trunk wants no calls for a while: 503 with Retry-After (RFC 3261 21.5.4)."""
        self._pauses[name] = self._clock() + timedelta(seconds=min(seconds, LONGEST_PAUSE))
        log.warning("trunk_wants_a_pause", trunk=name, seconds=seconds)

    def calls_of(self, name: str) -> int:
        """Return how many calls of ours a trunk carries or rings now."""
        return self._calls[name]

    @property
    def calls(self) -> int:
        """How many calls of ours all trunks carry or ring now."""
        return sum(self._calls.values())

    @property
    def dialled_out(self) -> int:
        """How many of them are calls that seats have asked for."""
        return self._dialled_out

    def note_dialled(self, name: str, over: "asyncio.Future[LegEnd]") -> None:
        """Count a call that a seat has asked for, by a trunk, until it is over."""
        self._calls[name] += 1
        self._dialled_out += 1

        def end(_over: "asyncio.Future[LegEnd]") -> None:
            self._calls[name] -= 1
            self._dialled_out -= 1

        over.add_done_callback(end)

    @contextmanager
    def used(self, name: str) -> Iterator[None]:
        """Count one call by a trunk while the block runs."""
        self._calls[name] += 1
        try:
            yield
        finally:
            self._calls[name] -= 1

    def _is_usable(self, name: str) -> bool:
        status = self._status[name]
        pause = self._pauses.get(name)
        if pause is not None and self._clock() < pause:
            return False
        return status.is_up and status.registration is not RegistrationState.FAILED

    async def _follow(self, endpoint: Endpoint, trunk: TrunkOptions) -> None:
        """Ask where the trunk is, again and again; what was known last counts meanwhile."""
        is_begun = False
        while True:
            way = await self._resolver.ask(trunk.host, Transport(trunk.transport))
            if way is not None:
                self._take(endpoint, trunk, way)
            if not is_begun:
                is_begun = True
                self._begin(endpoint, trunk)
            await asyncio.sleep(SHORTEST if way is None else way.seconds)

    def _take(self, endpoint: Endpoint, trunk: TrunkOptions, way: Way) -> None:
        before = self._hops.pop(trunk.name, None)
        if way.hops is not None:
            self._hops[trunk.name] = way.hops
        if before != way.hops:
            count = None if way.hops is None else len(way.hops)
            log.info("trunk_targets", trunk=trunk.name, count=count)
        endpoint.name_targets(trunk.host, frozenset(hop.host for hop in way.hops or ()))
        for key in [key for key, name in self._keys.items() if name == trunk.name]:
            endpoint.redirect(key, self.hops_of(trunk))

    async def _watch(self, endpoint: Endpoint, trunk: TrunkOptions) -> None:
        while True:
            doubted = self._status[trunk.name].failures > 0
            await asyncio.sleep(min(self._probe_seconds, DOUBT_SECONDS if doubted else inf))
            status, is_answered = await self._ask(endpoint, trunk)
            self.note_probe(trunk.name, status, is_answered=is_answered)

    async def _ask(self, endpoint: Endpoint, trunk: TrunkOptions) -> tuple[int, bool]:
        """Ask each server of a trunk; return the status of the first that answers."""
        hops = self._hops.get(trunk.name) or (hop_of(trunk),)
        answers = await asyncio.gather(*(self._probe(endpoint, trunk, hop) for hop in hops))
        self._silent -= set(hops)
        self._silent |= {
            hop for hop, (_, is_there) in zip(hops, answers, strict=True) if not is_there
        }
        return next((answer for answer in answers if answer[1]), answers[0])

    async def _probe(self, endpoint: Endpoint, trunk: TrunkOptions, hop: Hop) -> tuple[int, bool]:
        try:
            async with asyncio.timeout(PROBE_PATIENCE):
                answer = await endpoint.probe(registrar_of(trunk), destination=hop)
        except TimeoutError:
            return 408, False
        return answer.status, answer.is_answered


def own_address(trunk: TrunkOptions) -> str:
    """Return our address at the provider."""
    return f"sip:{trunk.number}@{trunk.domain or host_port(trunk.host, None)}"


def registrar_of(trunk: TrunkOptions) -> str:
    """Return the provider's registrar."""
    return f"sip:{trunk.domain or host_port(trunk.host, _port_in_uri(trunk))}"


def target_of(trunk: TrunkOptions, number: str) -> str:
    """Return the address of a number behind the trunk."""
    return f"sip:{number}@{host_port(trunk.host, _port_in_uri(trunk))}"


def _port_in_uri(trunk: TrunkOptions) -> int | None:
    # RFC 3263 4.2: a port would say that the host is meant, not the domain.
    return None if trunk.uses_srv else trunk.port


def hop_of(trunk: TrunkOptions) -> Hop:
    """Return where the trunk's messages go."""
    return Hop(Transport(trunk.transport), trunk.host, trunk.port)


def srtp_of(trunk: TrunkOptions) -> Srtp:
    """Return whether calls by a trunk may, or must, be encrypted.

    Raises:
        KeysInClear: they must, and its signalling is not.
    """
    return trunk.srtp.over(Transport(trunk.transport))


def may_dial(trunk: TrunkOptions, number: str) -> bool:
    """Say whether a number may be dialled by this trunk."""
    return not trunk.allowed or any(allowed.fullmatch(number) for allowed in trunk.allowed)


def line_of(lines: Sequence[LineOptions], trunk: TrunkOptions) -> LineOptions:
    """Return the line in whose name we ring by a trunk: that of its number, else the first."""
    return next((line for line in lines if line.number == trunk.number), lines[0])


def identity_of(line: LineOptions, trunk: TrunkOptions) -> str:
    """Return what we assert to the trunk about who calls; empty: nothing (RFC 3325 9.1)."""
    identity = line.identity
    if not identity or ":" in identity:
        return f"<{identity}>" if identity else ""
    host = trunk.domain or host_port(trunk.host, None)
    return f"<sip:{identity.partition('@')[0]}@{identity.partition('@')[2] or host}>"
