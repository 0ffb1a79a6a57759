"""A case system in memory that keeps the contract of all others, for tests."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from case_bridge.platform import (
    CaseFiling,
    CaseProgress,
    CaseReference,
    FilingRefused,
    PlatformUnavailable,
    ProgressKind,
)
from hotline.kernel.ids import TicketId

_ENDS = frozenset({ProgressKind.CLOSED, ProgressKind.DECLINED, ProgressKind.VOIDED})


@dataclass(slots=True)
class MemoryCase:
    """One case of the memory platform."""

    reference: CaseReference
    messages: list[CaseProgress] = field(default_factory=list)

    @property
    def is_finished(self) -> bool:
        """Say whether nobody works on it."""
        return bool(self.messages) and self.messages[-1].kind in _ENDS

    @property
    def is_voided(self) -> bool:
        """Say whether the case should never have been there."""
        return bool(self.messages) and self.messages[-1].kind is ProgressKind.VOIDED


@dataclass(slots=True)
class MemoryPlatform:
    """A case system whose people are the test."""

    name: str = "memory"
    is_up: bool = True
    cases: dict[str, MemoryCase] = field(default_factory=dict)
    filings: dict[tuple[TicketId, int], str] = field(default_factory=dict)

    async def submit(self, filing: CaseFiling) -> CaseReference:
        """Register a case for the filing, once."""
        self._check_up()
        if not filing.subject.strip():
            raise FilingRefused("the filing says nothing")
        key = self.filings.get((filing.ticket_id, filing.round))
        if key is None or self.cases[key].is_voided:
            key = f"m-{len(self.cases) + 1}"
            self.cases[key] = MemoryCase(CaseReference(key, f"M{len(self.cases) + 1:05}", 1))
            self.filings[filing.ticket_id, filing.round] = key
        return self.cases[key].reference

    async def reopen(self, case_key: str, filing: CaseFiling, reason: str) -> CaseReference:
        """Start another round of a finished case, once; join it if it runs already."""
        self._check_up()
        case = self.cases.get(case_key)
        if case is None or not reason.strip():
            raise FilingRefused("there is no such case, or no reason to reopen it")
        if (filing.ticket_id, filing.round) not in self.filings:
            self.filings[filing.ticket_id, filing.round] = case_key
            if case.is_finished:
                was_closed = case.messages[-1].kind is ProgressKind.CLOSED
                case.reference = replace(case.reference, round=case.reference.round + 1)
                if was_closed:
                    self.tell(case_key, ProgressKind.FILED, reason, at=filing.submitted_at)
        return case.reference

    async def progress_since(self, since: datetime) -> AsyncIterator[CaseProgress]:
        """Yield the messages of every case."""
        self._check_up()
        for case in self.cases.values():
            for message in case.messages:
                if message.occurred_at >= since:
                    yield message

    async def aclose(self) -> None:
        """Nothing to let go of."""

    def tell(
        self, case_key: str, kind: ProgressKind, text: str = "", *, at: datetime
    ) -> CaseProgress:
        """Let the platform's people do something; return the message about it."""
        case = self.cases[case_key]
        sequence = len(case.messages) + 1
        message = CaseProgress(
            message_id=f"{case_key}/{sequence}",
            case_key=case_key,
            round=case.reference.round,
            sequence=sequence,
            kind=kind,
            text=text,
            occurred_at=at,
        )
        case.messages.append(message)
        return message

    def _check_up(self) -> None:
        if not self.is_up:
            raise PlatformUnavailable
