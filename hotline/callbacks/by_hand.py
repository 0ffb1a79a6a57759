"""A person tells what could not be told, and writes down what a complainant says of an outcome."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from hotline.accounts import audit
from hotline.callbacks.repository import Callbacks
from hotline.callbacks.service import record_answer
from hotline.callbacks.states import CALLBACK, CallbackState, CallbackTrigger, Question
from hotline.callbacks.untold import lock_untold
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import CallbackId

LONGEST_NOTE: Final = 500
VIA: Final = "seat"


async def settle_untold(
    uow: UnitOfWork,
    untold_id: UUID,
    *,
    note: str,
    solved: int | None = None,
    satisfaction: int | None = None,
    login: str,
    now: datetime,
) -> None:
    """End a task with what was done; answers that the complainant gave count as their own.

    "Not solved" sends the ticket back to work on the spot.

    Raises:
        NotFound: if there is no such task.
        Conflict: if it was settled before.
        Invalid: if nothing is said, or far too much; or answers are given where nothing was asked.
    """
    note = note.strip()
    if not 0 < len(note) <= LONGEST_NOTE:
        raise Invalid("note", f"say what was done, in up to {LONGEST_NOTE} characters")
    row = await lock_untold(uow, untold_id)
    if row.settled_at is not None:
        raise Conflict("somebody has settled it already")
    given = _given(solved, satisfaction)
    if given and row.callback_id is None:
        raise Invalid("solved", "this message asks nothing")
    row.settled_at, row.settled_by, row.note = now, login, note
    if row.callback_id is not None:
        await _record(uow, CallbackId(row.callback_id), given, now=now)
    await audit.append(
        uow,
        actor=login,
        action="untold.settle",
        target=f"ticket:{row.ticket_id}",
        detail={"kind": row.kind.value, "answers": _named(given)},
        now=now,
    )


async def take_answer(
    uow: UnitOfWork,
    callback_id: CallbackId,
    *,
    solved: int,
    satisfaction: int | None = None,
    login: str,
    now: datetime,
) -> None:
    """Write down the answers of a complainant who called before we did; they are not rung then.

    "Not solved" sends the ticket back to work on the spot.

    Raises:
        NotFound: if there is no such callback.
        Conflict: if it has been answered, or asks no more: the ticket is at work again.
        Invalid: if an answer is none.
    """
    ticket, row = await Callbacks(uow.session).lock(callback_id)
    is_open = row.state is not CallbackState.ANSWERED and row.round == ticket.round
    if not is_open or not CALLBACK.allows(row.state, CallbackTrigger.ANSWER):
        raise Conflict("the complainant has answered, or the ticket is at work again")
    given = _given(solved, satisfaction)
    await _record(uow, callback_id, given, now=now)
    await audit.append(
        uow,
        actor=login,
        action="callback.answer",
        target=f"ticket:{ticket.id}",
        detail={"answers": _named(given)},
        now=now,
    )


def _given(solved: int | None, satisfaction: int | None) -> dict[Question, int]:
    answers = {Question.SOLVED: solved, Question.SATISFACTION: satisfaction}
    return {question: answer for question, answer in answers.items() if answer is not None}


def _named(given: Mapping[Question, int]) -> dict[str, int]:
    return {question.value: answer for question, answer in given.items()}


async def _record(
    uow: UnitOfWork, callback_id: CallbackId, given: Mapping[Question, int], *, now: datetime
) -> None:
    for question, answer in given.items():
        await record_answer(uow, callback_id, question=question, answer=answer, via=VIA, now=now)
