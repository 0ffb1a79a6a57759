"""The platforms that we exchange with, as the settings name them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from case_bridge.cases.case import Actor
from case_bridge.exchange.dialect import Dialect
from case_bridge.signing import KeyRing
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import UnitId


class PeerRole(StrEnum):
    """Where the peer stands towards us."""

    SUPERIOR = "superior"  # 上级平台
    SUBORDINATE = "subordinate"  # 下级平台


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One superior or subordinate platform."""

    name: str
    role: PeerRole
    url: str
    keys: KeyRing
    dialect: Dialect
    unit_code: str | None = None
    """The unit of ours that stands for it: what is dispatched there crosses to the peer."""
    checks: bool = False
    """Its inspectors check results for us."""
    timeout: timedelta = timedelta(seconds=10)


def actor_of(peer: Peer, unit_id: UUID | None = None) -> Actor:
    """Return the peer as the one who moves a case of ours."""
    return Actor(name=f"平台 {peer.name}", unit_id=UnitId(unit_id) if unit_id else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeOptions:
    """Who we are towards other platforms, and who they are."""

    name: str
    peers: Mapping[str, Peer]
    patience: timedelta = timedelta(minutes=1)
    """How long a gap waits before we ask for what is missing."""
    compare_every: timedelta = timedelta(hours=24)

    def peer(self, name: str) -> Peer:
        """Return the peer of a name.

        Raises:
            NotFound: if there is none.
        """
        found = self.peers.get(name)
        if found is None:
            raise NotFound("platform", name)
        return found
