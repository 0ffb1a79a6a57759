"""A person tells what could not be told, and writes down what the complainant says."""

from datetime import datetime
from typing import Final
from uuid import UUID

from hotline.accounts import audit
from hotline.callbacks.service import record_answer
from hotline.callbacks.states import Question
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
    answers = {Question.SOLVED: solved, Question.SATISFACTION: satisfaction}
    given = {question: answer for question, answer in answers.items() if answer is not None}
    if given and row.callback_id is None:
        raise Invalid("solved", "this message asks nothing")
    row.settled_at, row.settled_by, row.note = now, login, note
    for question, answer in given.items():
        assert row.callback_id is not None
        await record_answer(
            uow, CallbackId(row.callback_id), question=question, answer=answer, via=VIA, now=now
        )
    await audit.append(
        uow,
        actor=login,
        action="untold.settle",
        target=f"ticket:{row.ticket_id}",
        detail={"kind": row.kind.value, "answers": {each.value: given[each] for each in given}},
        now=now,
    )
