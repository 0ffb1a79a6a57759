"""What a voice process tells the house with each heartbeat: lines, trunks, figures, refusals."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509

from channels.voice.lines import Lines
from channels.voice.media import pulse
from channels.voice.media.pulse import Pulse
from channels.voice.options import TrunkOptions, VoiceOptions
from channels.voice.switchboard import Switchboard
from channels.voice.trunks import TrunkRegistrations, TrunkStatus
from hotline.contacts.calls.states import CallDirection
from hotline.contacts.telephony.values import (
    Figures,
    Lengths,
    LineReport,
    NoisySource,
    Refusal,
    RefusalReason,
    Report,
    TrunkReport,
)
from hotline.kernel.clock import Clock

MAX_REFUSALS = 100
"""Refused calls that are written down one by one with one heartbeat; all of them are counted."""

MAX_NOISY = 20
"""Addresses that are told of those whose messages were thrown away."""


class RefusalBook:
    """The calls that were refused since the last heartbeat."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[Refusal] = deque(maxlen=MAX_REFUSALS)
        self.counts: dict[tuple[CallDirection, str], int] = {}
        """By direction and place, since the process began; places are lines and trunks."""

    def note(
        self, direction: CallDirection, place: str, source: str, reason: RefusalReason, status: int
    ) -> None:
        """Note one."""
        if reason is not RefusalReason.NO_SUCH_LINE:
            known = (direction, place)
            self.counts[known] = self.counts.get(known, 0) + 1
        self._waiting.append(
            Refusal(
                at=self._clock(),
                direction=direction,
                place=place[:32],
                source=source,
                reason=reason,
                status=status,
            )
        )

    def take(self) -> list[Refusal]:
        """Return those that were not told yet."""
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    def give_back(self, refusals: Sequence[Refusal]) -> None:
        """Keep some that could not be written, as far as there is room."""
        self._waiting.extendleft(reversed(refusals[: MAX_REFUSALS - len(self._waiting)]))

    def count(self, direction: CallDirection, place: str) -> int:
        """Return how many a line or trunk has refused."""
        return self.counts.get((direction, place), 0)


class Teller:
    """Puts together what there is to tell."""

    def __init__(
        self,
        options: VoiceOptions,
        lines: Lines,
        trunks: TrunkRegistrations,
        switchboard: Switchboard,
        refusals: RefusalBook,
        pulse: Pulse,
    ) -> None:
        self._options = options
        self._lines = lines
        self._trunks = trunks
        self._switchboard = switchboard
        self._refusals = refusals
        self._pulse = pulse
        tls = options.tls
        self._certificate_ends_at = None if tls is None else _end_of(tls.certificate)

    def report(self, now: datetime) -> Report:
        """Return how everything stands."""
        trunks = {trunk.name: trunk for trunk in self._options.trunks}
        return Report(
            lines=tuple(
                LineReport(
                    number=line.options.number,
                    calls=line.calls,
                    limit=line.options.max_calls,
                    is_night=line.is_night(now),
                    taken=line.taken,
                    refused=self._refusals.count(CallDirection.INBOUND, line.options.number),
                )
                for line in self._lines
            ),
            trunks=tuple(
                self._trunk(trunks[status.name], status) for status in self._trunks.status
            ),
            noisy=tuple(
                NoisySource(host=host, kind=kind, dropped=dropped)
                for host, kind, dropped in self._switchboard.endpoint.load.noisy(MAX_NOISY)
            ),
            figures=self._figures(),
            certificate_ends_at=self._certificate_ends_at,
        )

    def _trunk(self, trunk: TrunkOptions, status: TrunkStatus) -> TrunkReport:
        return TrunkReport(
            name=trunk.name,
            host=trunk.host,
            transport=trunk.transport,
            is_up=status.is_up,
            changed_at=status.changed_at,
            probe_status=status.probe_status,
            registration=None if status.registration is None else status.registration.value,
            registration_status=status.registration_status,
            registered_at=status.registered_at,
            calls=self._trunks.calls_of(trunk.name),
            refusals=self._refusals.count(CallDirection.OUTBOUND, trunk.name),
        )

    def _figures(self) -> Figures:
        load = self._switchboard.endpoint.load
        sound = self._switchboard.sound()
        return Figures(
            sip_calls_now=load.calls,
            sip_transactions_now=load.transactions,
            sip_requests=dict(load.traffic.requests),
            sip_responses=dict(load.traffic.responses),
            over_rate=load.thrown_away.over_rate,
            not_allowed=load.thrown_away.not_allowed,
            unconfirmed=load.thrown_away.unconfirmed,
            sound_legs_now=self._switchboard.legs,
            packets_sent=sound.sent,
            packets_received=sound.received,
            packets_lost=sound.lost,
            packets_malformed=sound.malformed,
            packets_rejected=sound.rejected,
            sound_work=_lengths(self._pulse.work),
            sound_late=_lengths(self._pulse.late),
        )


def _lengths(counted: pulse.Lengths) -> Lengths:
    at_most = {f"{bound / 1000:g}": number for bound, number in counted.at_most.items()}
    return Lengths(at_most=at_most, count=counted.count, seconds=counted.sum_ms / 1000)


def _end_of(certificate: Path) -> datetime:
    """Return when the first certificate of a chain ends that ends at all."""
    chain = x509.load_pem_x509_certificates(certificate.read_bytes())
    return min(each.not_valid_after_utc for each in chain)
