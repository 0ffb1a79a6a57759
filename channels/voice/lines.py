"""The numbers that citizens dial: which call is for which line, and whether it may come in."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from channels.voice.options import LineOptions, TrunkOptions
from channels.voice.sip.events import CallOffered
from hotline.kernel.clock import SHANGHAI
from hotline.people.number import parse_number


class Line:
    """One line and the calls on it."""

    def __init__(self, options: LineOptions) -> None:
        self.options = options
        self.calls = 0

    @property
    def is_full(self) -> bool:
        """Whether one more call is one too many."""
        return self.calls >= self.options.max_calls

    def is_night(self, now: datetime) -> bool:
        """Say whether the line is in its night service."""
        return self.options.night.holds(now.astimezone(SHANGHAI).time())

    @contextmanager
    def occupied(self) -> Iterator[None]:
        """Count one call while the block runs."""
        self.calls += 1
        try:
            yield
        finally:
            self.calls -= 1


class Lines:
    """All lines, and who may ring them."""

    def __init__(self, lines: Sequence[LineOptions], trunks: Sequence[TrunkOptions]) -> None:
        self._lines = {options.number: Line(options) for options in lines}
        self._peers = {host for trunk in trunks for host in (trunk.host, *trunk.peers)}

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
        return not self._peers or offered.source.host in self._peers

    def caller_of(self, offered: CallOffered) -> str | None:
        """Return the caller's number as the network gave it; None if withheld or none at all.

        An asserted identity counts only from a trunk: anybody else could write one
        (RFC 3325 5).
        """
        is_trusted = offered.source.host in self._peers
        asserted = offered.asserted if is_trusted else None
        who = offered.caller if asserted is None else asserted
        number = who.uri.number
        return None if parse_number(number) is None else number
