"""The ways to the telephone network: registering with providers, and addresses to dial."""

from collections.abc import Sequence

import structlog

from channels.voice.endpoint import Endpoint
from channels.voice.options import TrunkOptions
from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.events import RegistrationChanged, RegistrationKey, RegistrationState
from channels.voice.sip.uri import host_port

log = structlog.get_logger()


class TrunkRegistrations:
    """Our registrations with the providers that want them."""

    def __init__(self, trunks: Sequence[TrunkOptions]) -> None:
        self._trunks = [trunk for trunk in trunks if trunk.registers]
        self._keys: dict[RegistrationKey, str] = {}

    def start(self, endpoint: Endpoint) -> None:
        """Register with every provider, and keep it so."""
        for trunk in self._trunks:
            key = endpoint.register(
                own_address(trunk),
                registrar_of(trunk),
                credentials=trunk.credentials,
                destination=hop_of(trunk),
                contact_user=trunk.number,
            )
            self._keys[key] = trunk.name

    def stop(self, endpoint: Endpoint) -> None:
        """Take our registrations back."""
        for key in self._keys:
            endpoint.unregister(key)
        self._keys.clear()

    def receive(self, event: RegistrationChanged) -> None:
        """Note how a registration stands; the endpoint itself tries again."""
        name = self._keys.get(event.registration, "unknown")
        if event.state is RegistrationState.FAILED:
            log.error("trunk_registration_failed", trunk=name, status=event.status)
        else:
            log.info("trunk_registration", trunk=name, state=event.state.value)


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
