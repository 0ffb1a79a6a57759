"""The numbers that citizens dial: which call is for which line, and whether it may come in."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path

from channels.voice.media.sdes import Srtp
from channels.voice.options import HolidayService, LineOptions, TrunkOptions
from channels.voice.sip.events import CallOffered
from channels.voice.sip.peers import canonical
from hotline.kernel.clock import SHANGHAI
from hotline.people.number import parse_number
from hotline.sla.calendar import DayKind, WorkingCalendar
from ivr.flow import Flow


class Line:
    """One line and the calls on it."""

    def __init__(self, options: LineOptions) -> None:
        self.options = options
        self.calls = 0
        self.taken = 0
        """Calls since the process began."""

    @property
    def is_full(self) -> bool:
        """Whether one more call is one too many."""
        return self.calls >= self.options.max_calls

    def is_night(self, now: datetime) -> bool:
        """Say whether the line is in its night service."""
        at = now.astimezone(SHANGHAI).time()
        hours = self.options.hours
        is_open = not hours or any(
            opens <= at and (at < closes or closes == time(0)) for opens, closes in hours
        )
        return not is_open or self.options.night.holds(at)

    def holiday(self, now: datetime, calendar: WorkingCalendar | None) -> HolidayService | None:
        """Return the service of a public holiday; None on all other days."""
        if calendar is None or self.options.holiday is None:
            return None
        day = calendar.day(calendar.local(now).date(), allow_provisional=True)
        return self.options.holiday if day.kind is DayKind.HOLIDAY else None

    def flow(self, flows: Mapping[str, Flow], now: datetime) -> Flow:
        """Return what answers at this hour, in the language of the line."""
        options = self.options
        flow = flows[(self.is_night(now) and options.night_flow) or options.flow]
        return replace(flow, language=options.language) if options.language else flow

    def prompts(self, house: Path) -> Path:
        """Return the folder of the line's prompts; `house` if it has none of its own."""
        return self.options.prompts or house

    def queue(self, name: str) -> str:
        """Return the queue of the house that a flow means by a name."""
        return self.options.queues.get(name, name)

    @contextmanager
    def occupied(self) -> Iterator[None]:
        """Count one call while the block runs."""
        self.calls += 1
        self.taken += 1
        try:
            yield
        finally:
            self.calls -= 1


class Lines:
    """All lines, and who may ring them."""

    def __init__(
        self,
        lines: Sequence[LineOptions],
        trunks: Sequence[TrunkOptions],
        phones: Srtp = Srtp.OPTIONAL,
    ) -> None:
        self._lines = {options.number: Line(options) for options in lines}
        self._has_trunks = bool(trunks)
        self._trunks = [
            (frozenset(map(canonical, (trunk.host, *trunk.peers))), trunk.srtp) for trunk in trunks
        ]
        self._phones = phones

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines.values())

    def find(self, number: str) -> Line | None:
        """Return the line of a number; None if it is none of ours."""
        return self._lines.get(number)

    def line_of(self, offered: CallOffered) -> Line | None:
        """Return the line that was dialled.

        The Request-URI decides; a provider that we register with puts our contact there and
        the number dialled into To (RFC 3261 16.5).
        """
        for uri in (offered.target, offered.called.uri):
            line = self._lines.get(uri.number)
            if line is not None:
                return line
        return None

    def may_call(self, offered: CallOffered) -> bool:
        """Say whether calls are taken from where this one comes; without trunks, from anywhere."""
        return not self._has_trunks or offered.is_from_trunk

    def srtp_of(self, offered: CallOffered) -> Srtp:
        """Return whether a call may, or must, be encrypted; of several trunks the strictest.

        Raises:
            KeysInClear: it must be, and its signalling is not.
        """
        found = [srtp for hosts, srtp in self._trunks if hosts & offered.trunk_hosts]
        srtp = max(found, key=list(Srtp).index) if found else self._phones
        return srtp.over(offered.source.transport)

    def caller_of(self, offered: CallOffered) -> str | None:
        """Return the caller's number as the network gave it; None if withheld or none at all.

        An asserted identity counts only from a trunk: anybody else could write one
        (RFC 3325 5). A number that the network tells us and its caller hides is none:
        we neither show nor keep it (RFC 3323 4.2).
        """
        if offered.wants_privacy:
            return None
        asserted = offered.asserted if offered.is_from_trunk else None
        who = offered.caller if asserted is None else asserted
        number = who.uri.number
        return None if parse_number(number) is None else number
