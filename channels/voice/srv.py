"""Where the calls to a domain go: SRV records (RFC 3263 4.2, RFC 2782), asked for in the loop."""

from collections.abc import Sequence
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
import structlog
from dns.rdtypes.IN.SRV import SRV

from channels.voice.sip.address import Hop, Transport

log = structlog.get_logger()

ASK_SECONDS = 5.0
"""A name server that says nothing for so long is asked again later."""

SHORTEST, LONGEST = 30.0, 3600.0
"""Seconds for which records are good, whatever they say themselves."""

MAX_HOPS = 4
"""Of one domain; who tries more only makes callers wait."""

_SERVICES = {Transport.UDP: "_sip._udp", Transport.TCP: "_sip._tcp"}


@dataclass(frozen=True, slots=True)
class Way:
    """What the records of a domain say."""

    hops: tuple[Hop, ...] | None
    """In the order in which to try them; empty: it takes no calls; None: there are no records."""
    seconds: float
    """How long that is good for."""


class SrvResolver:
    """Asks name servers for SRV records."""

    def __init__(self, servers: Sequence[tuple[str, int]] = ()) -> None:
        """Ask these servers, or those of the system when there are none."""
        self._servers = tuple(servers)
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def ask(self, domain: str, transport: Transport) -> Way | None:
        """Return what the records of a domain say; None if nobody can tell just now."""
        try:
            answer = await self._made().resolve(
                f"{_SERVICES[transport]}.{domain}", "SRV", lifetime=ASK_SECONDS, search=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return Way(None, SHORTEST)
        except (dns.exception.DNSException, OSError) as error:
            log.warning("srv_unknown", domain=domain, error=type(error).__name__)
            return None
        assert answer.rrset is not None, "an answer without records raises NoAnswer"
        # By priority, and by chance within it, as heavy as they weigh.
        records = [each for each in answer.rrset.processing_order() if isinstance(each, SRV)]
        hops = tuple(
            Hop(transport, record.target.to_text(omit_final_dot=True), record.port)
            for record in records
            if record.target != dns.name.root
        )
        return Way(hops[:MAX_HOPS], min(max(float(answer.rrset.ttl), SHORTEST), LONGEST))

    def _made(self) -> dns.asyncresolver.Resolver:
        if self._resolver is None:
            self._resolver = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                self._resolver.nameservers = [
                    dns.nameserver.Do53Nameserver(host, port) for host, port in self._servers
                ]
        return self._resolver
