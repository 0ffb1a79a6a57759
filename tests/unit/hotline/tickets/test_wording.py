from datetime import UTC, datetime
from typing import Any

import pytest

from hotline.tickets.states import TicketState, TicketTrigger
from hotline.tickets.ticket import CloseReason, Outcome
from hotline.tickets.views import HistoryEntry
from hotline.tickets.wording import state_words, timeline

AT = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


def entry(trigger: TicketTrigger | None, actor: str = "system", **detail: Any) -> HistoryEntry:
    return HistoryEntry(
        position=1,
        trigger=trigger,
        state=TicketState.OPEN,
        round=1,
        actor=actor,
        detail=detail,
        at=AT,
    )


@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_a_ticket_that_was_handed_on_is_never_called_done(outcome: Outcome | None) -> None:
    words = state_words(TicketState.TRANSFERRED, outcome, None)

    assert words == "已转办，处理中"
    assert "办结" not in words


def test_every_state_has_words() -> None:
    assert all(state_words(state, Outcome.SOLVED, None) for state in TicketState)


def test_a_refusal_is_called_a_refusal() -> None:
    words = state_words(TicketState.RESOLVED, Outcome.DECLINED, None)

    assert words == "经核定不予立案，等待您的评价"


def test_whoever_was_not_reached_reads_that_they_can_still_answer() -> None:
    words = state_words(TicketState.CLOSED, Outcome.SOLVED, CloseReason.NOT_REACHED)

    assert "没有收到您的评价" in words


def test_the_timeline_shows_steps_and_leaves_inner_work_out() -> None:
    history = [
        entry(None),
        entry(TicketTrigger.AMEND),
        entry(TicketTrigger.TRANSFER),
        entry(TicketTrigger.RESOLVE, outcome="solved"),
        entry(TicketTrigger.CLOSE, reason="not_reached"),
        entry(TicketTrigger.CONFIRM),
    ]

    assert [step.words for step in timeline(history)] == [
        "诉求已受理",
        "已转办，处理中",
        "承办单位反馈已办理完毕",
        "回访没有收到您的评价，工单暂时归档",
        "您已确认问题解决",
    ]


def test_nobody_reads_that_they_said_what_somebody_else_said() -> None:
    """R69: a ticket of a shared case goes back to work because of another complainant."""
    own, other = timeline(
        [entry(TicketTrigger.REOPEN, "citizen:link"), entry(TicketTrigger.REOPEN, "system")]
    )

    assert own.words == "您反映问题未解决，已重新办理"
    assert other.words == "其他诉求人反映同一问题未解决，已重新办理"
