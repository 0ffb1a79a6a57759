"""The ways to the telephone network: registering, asking whether they are up, addresses to dial."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from channels.voice.endpoint import Endpoint
from channels.voice.options import TrunkOptions
from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.events import RegistrationChanged, RegistrationKey, RegistrationState
from channels.voice.sip.uri import host_port
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

PROBE_SECONDS = 20.0
"""From the answer to one question to the next."""

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
    """Unanswered OPTIONS in a row."""


class TrunkRegistrations:
    """The trunks: our registrations with those that want them, and the health of all."""

    def __init__(
        self, trunks: Sequence[TrunkOptions], *, probe_seconds: float = PROBE_SECONDS
    ) -> None:
        self._trunks = {trunk.name: trunk for trunk in trunks}
        self._probe_seconds = probe_seconds
        self._status = {trunk.name: TrunkStatus(name=trunk.name) for trunk in trunks}
        self._keys: dict[RegistrationKey, str] = {}
        self._probes: list[asyncio.Task[None]] = []

    def start(self, endpoint: Endpoint) -> None:
        """Register with every provider that wants it, and ask all of them again and again."""
        for trunk in self._trunks.values():
            if trunk.registers:
                key = endpoint.register(
                    own_address(trunk),
                    registrar_of(trunk),
                    credentials=trunk.credentials,
                    destination=hop_of(trunk),
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
            )
        if event.state is RegistrationState.FAILED:
            log.error("trunk_registration_failed", trunk=name, status=event.status)
        else:
            log.info("trunk_registration", trunk=name, state=event.state.value)

    @property
    def status(self) -> tuple[TrunkStatus, ...]:
        """How every trunk stands, in the order of the settings."""
        return tuple(self._status.values())

    @property
    def in_order(self) -> tuple[TrunkOptions, ...]:
        """The trunks in the order in which to dial by them: those that are down come last.

        They are not left out: a wrong judgement of ours must not silence the house.
        """
        return tuple(
            sorted(self._trunks.values(), key=lambda trunk: not self._is_usable(trunk.name))
        )

    def note_probe(self, name: str, status: int, *, is_answered: bool) -> None:
        """Note what came of a question."""
        before = self._status[name]
        failures = 0 if is_answered else before.failures + 1
        now = replace(before, is_up=failures < FAILURES, probe_status=status, failures=failures)
        self._status[name] = now
        if before.is_up and not now.is_up:
            log.error("trunk_down", trunk=name, status=status)
        elif now.is_up and not before.is_up:
            log.info("trunk_up", trunk=name)

    def _is_usable(self, name: str) -> bool:
        status = self._status[name]
        return status.is_up and status.registration is not RegistrationState.FAILED

    async def _watch(self, endpoint: Endpoint, trunk: TrunkOptions) -> None:
        while True:
            await asyncio.sleep(self._probe_seconds)
            answer = await endpoint.probe(registrar_of(trunk), destination=hop_of(trunk))
            self.note_probe(trunk.name, answer.status, is_answered=answer.is_answered)


def own_address(trunk: TrunkOptions) -> str:
    """Return our address at the provider."""
    return f"sip:{trunk.number}@{trunk.domain or host_port(trunk.host, None)}"


def registrar_of(trunk: TrunkOptions) -> str:
    """Return the provider's registrar."""
    return f"sip:{trunk.domain or host_port(trunk.host, trunk.port)}"


def target_of(trunk: TrunkOptions, number: str) -> str:
    """Return the address of a number behind the trunk."""
    return f"sip:{number}@{host_port(trunk.host, trunk.port)}"


def hop_of(trunk: TrunkOptions) -> Hop:
    """Return where the trunk's messages go."""
    return Hop(Transport(trunk.transport), trunk.host, trunk.port)
