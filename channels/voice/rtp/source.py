"""Whose packets to believe: the address from signalling, or one learnt address, then no other.

A phone behind NAT sends from an address that its SDP cannot know, so one learning step is allowed
for each negotiation. Whoever could always move the stream by sending a packet could also steal
it (RFC 7362 5), so afterwards only the signalled address can correct what was learnt.
"""

from enum import StrEnum
from typing import TypeAlias

Address: TypeAlias = tuple[str, int]

LEARN_PACKETS = 3
"""In a row from one stranger before it is taken for the peer: a stray packet never is."""

SWITCH_PACKETS = 2
"""In a row (RFC 3550 A.1, MIN_SEQUENTIAL) before the known address may change its SSRC."""


class Verdict(StrEnum):
    """What to do with a packet."""

    ACCEPT = "accept"
    ACCEPT_NEW = "accept_new"  # the first of a stream: start sequence and timing anew
    REJECT = "reject"


class SourceLock:
    """The accepted source of one stream."""

    def __init__(self, signalled: Address | None) -> None:
        self.signalled = signalled
        self.address: Address | None = None
        """The accepted address; None until the first packet was."""
        self._ssrc = 0
        self._candidate: tuple[Address, int] | None = None
        self._candidate_sequence = 0
        self._candidate_count = 0

    def admit(self, source: Address, ssrc: int, sequence: int) -> Verdict:
        """Judge one well-formed packet of a negotiated payload type."""
        if source == self.address:
            if ssrc == self._ssrc:
                return Verdict.ACCEPT
            needed = SWITCH_PACKETS
        elif source == self.signalled:
            needed = 1 if self.address is None else SWITCH_PACKETS
        elif self.address is None:
            needed = LEARN_PACKETS
        else:
            return Verdict.REJECT
        if self._count(source, ssrc, sequence) < needed:
            return Verdict.REJECT
        self.address, self._ssrc = source, ssrc
        self._candidate = None
        return Verdict.ACCEPT_NEW

    def _count(self, source: Address, ssrc: int, sequence: int) -> int:
        follows = sequence == (self._candidate_sequence + 1) & 0xFFFF
        if self._candidate == (source, ssrc) and follows:
            self._candidate_count += 1
        else:
            self._candidate, self._candidate_count = (source, ssrc), 1
        self._candidate_sequence = sequence
        return self._candidate_count
