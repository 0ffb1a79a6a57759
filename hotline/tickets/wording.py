"""Honest words for citizens: a ticket that was handed on is never called done (R69)."""

from collections.abc import Sequence
from typing import assert_never

from hotline.tickets.states import TicketState, TicketTrigger
from hotline.tickets.ticket import CloseReason, Outcome
from hotline.tickets.views import HistoryEntry, PublicStep

OUTCOME_WORDS = {
    Outcome.SOLVED: "承办单位反馈已办理完毕",
    Outcome.DECLINED: "经核定不予立案",
    Outcome.ANSWERED: "已答复",
}


def state_words(
    state: TicketState, outcome: Outcome | None, close_reason: CloseReason | None
) -> str:
    """Return where a ticket stands, in words for its citizen."""
    match state:
        case TicketState.OPEN:
            return "已受理，等待办理"
        case TicketState.TRANSFERRED:
            return "已转办，处理中"
        case TicketState.RESOLVED:
            return f"{_outcome_words(outcome)}，等待您的评价"
        case TicketState.CLOSED if close_reason is CloseReason.NOT_REACHED:
            return f"{_outcome_words(outcome)}；没有收到您的评价，您仍可评价或要求重新办理"
        case TicketState.CLOSED:
            return f"{_outcome_words(outcome)}，已归档"
        case TicketState.CANCELLED:
            return "已作废"
        case _:
            assert_never(state)


def timeline(history: Sequence[HistoryEntry]) -> tuple[PublicStep, ...]:
    """Return the steps that the citizen may see; inner work on the ticket leaves no step."""
    steps = []
    for entry in history:
        words = _step_words(entry)
        if words:
            steps.append(PublicStep(entry.at, words))
    return tuple(steps)


def _step_words(entry: HistoryEntry) -> str:
    if entry.trigger is None:
        return "诉求已受理"
    if entry.trigger in (TicketTrigger.RESOLVE, TicketTrigger.ANSWER):
        return _outcome_words(Outcome(entry.detail["outcome"]))
    if entry.trigger is TicketTrigger.CLOSE:
        reached = entry.detail.get("reason") != CloseReason.NOT_REACHED
        return "工单归档" if reached else "回访没有收到您的评价，工单暂时归档"
    if entry.trigger is TicketTrigger.REOPEN and not entry.actor.startswith("citizen:"):
        return "其他诉求人反映同一问题未解决，已重新办理"
    return _PLAIN_STEPS.get(entry.trigger, "")


_PLAIN_STEPS = {
    TicketTrigger.TRANSFER: "已转办，处理中",
    TicketTrigger.RETURN: "责任单位退回，正在重新确定承办单位",
    TicketTrigger.REMIND: "已催办",
    TicketTrigger.REOPEN: "您反映问题未解决，已重新办理",
    TicketTrigger.CONFIRM: "您已确认问题解决",
    TicketTrigger.CANCEL: "工单已作废",
}


def _outcome_words(outcome: Outcome | None) -> str:
    return OUTCOME_WORDS[outcome] if outcome else "已有结果"
