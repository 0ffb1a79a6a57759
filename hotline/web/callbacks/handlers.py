"""人工告知: whom no call and no letter could tell, and what a person did about it."""

from typing import Final
from uuid import UUID

from aiohttp import web

from hotline.accounts import audit
from hotline.accounts.roles import Role
from hotline.callbacks.by_hand import LONGEST_NOTE, settle_untold, take_answer
from hotline.callbacks.service import ANSWERS
from hotline.callbacks.states import Question, UntoldKind
from hotline.callbacks.untold import untold, whom_to_tell
from hotline.kernel.errors import Invalid
from hotline.web.auth import current_user
from hotline.web.callbacks import card
from hotline.web.desk.acts import DESK_ROLES
from hotline.web.desk.handlers import TICKET_ROLES
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.requests import form_fields, path_id
from hotline.web.routing import MenuEntry, Route, WebPart

KINDS: Final = {
    UntoldKind.OUTCOME: "办理结果：电话、短信、信函都没有联系上",
    UntoldKind.ANSWER: "直接答复没有送达",
    UntoldKind.CANCELLATION: "作废通知没有送达",
    UntoldKind.RECEIPT: "受理回执没有送达，地址可能有误",
}


async def get_untold(request: web.Request) -> web.Response:
    """Show whom a person must tell, the one that waits longest first."""
    return await _page(request)


async def post_number(request: web.Request) -> web.Response:
    """Show the whole number or address of one of them; that goes to the audit log.

    Raises:
        Forbidden: if the citizen is anonymous, or confidential and the asker leads no shift.
        NotFound: if there is no such task.
    """
    untold_id = path_id(request, "untold_id")
    user = current_user(request)
    async with request.app[DATABASE].begin() as uow:
        ticket_id, address = await whom_to_tell(
            uow.session, untold_id, in_confidence=Role.SHIFT_LEADER in user.roles
        )
        await audit.append(
            uow,
            actor=user.login,
            action="number.unmask",
            target=f"ticket:{ticket_id}",
            detail={"reason": "人工告知"},
            now=request.app[CLOCK](),
        )
    return await _page(request, shown=(untold_id, address))


async def post_settle(request: web.Request) -> web.Response:
    """Note what was done, and the answers that the complainant gave.

    Raises:
        Invalid: if it is not said what was done, or an answer is none.
        Conflict: if somebody else has settled it.
    """
    fields = await form_fields(request)
    async with request.app[DATABASE].begin() as uow:
        await settle_untold(
            uow,
            path_id(request, "untold_id"),
            note=fields.get("note", ""),
            solved=_key(fields.get("solved", ""), Question.SOLVED),
            satisfaction=_key(fields.get("satisfaction", ""), Question.SATISFACTION),
            login=current_user(request).login,
            now=request.app[CLOCK](),
        )
    raise web.HTTPSeeOther("/untold?settled=1")


async def post_answer(request: web.Request) -> web.Response:
    """Note what a complainant says who called before they were called back.

    Raises:
        Invalid: if they did not say whether it is solved, or an answer is none.
        Conflict: if the callback asks no more.
        NotFound: if the ticket has no such callback.
    """
    ticket_id, callback_id = await card.callback_of_path(request)
    fields = await form_fields(request)
    solved = _key(fields.get("solved", ""), Question.SOLVED)
    if solved is None:
        raise Invalid("solved", "say whether it is solved")
    async with request.app[DATABASE].begin() as uow:
        await take_answer(
            uow,
            callback_id,
            solved=solved,
            satisfaction=_key(fields.get("satisfaction", ""), Question.SATISFACTION),
            login=current_user(request).login,
            now=request.app[CLOCK](),
        )
    raise web.HTTPSeeOther(f"/tickets/{ticket_id}")


def _key(text: str, question: Question) -> int | None:
    if not text:
        return None
    if text not in {str(each) for each in ANSWERS[question]}:
        raise Invalid(question.value, "choose one of the answers")
    return int(text)


async def _page(request: web.Request, *, shown: tuple[UUID, str] | None = None) -> web.Response:
    async with request.app[DATABASE].read() as session:
        tasks = await untold(session)
    return render(
        request,
        "hotline/untold.html",
        tasks=tasks,
        kinds=KINDS,
        shown_id=shown[0] if shown else None,
        shown_address=shown[1] if shown else "",
        settled="settled" in request.query,
        longest_note=LONGEST_NOTE,
        solved_words=card.SOLVED,
        satisfaction_words=card.SATISFACTION,
    )


ANSWER: Final = "/tickets/{ticket_id}/callbacks/{callback_id}/answer"
WORDS: Final = "/tickets/{ticket_id}/callbacks/{callback_id}/words"

ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/untold", get_untold, DESK_ROLES, "untold"),
    Route("POST", "/untold/{untold_id}/number", post_number, DESK_ROLES, "untold.number"),
    Route("POST", "/untold/{untold_id}/settle", post_settle, DESK_ROLES, "untold.settle"),
    Route(
        "GET", "/tickets/{ticket_id}/callbacks", card.get_card, TICKET_ROLES, "tickets.callbacks"
    ),
    Route("POST", ANSWER, post_answer, DESK_ROLES, "callbacks.answer"),
    Route("GET", WORDS, card.get_words, TICKET_ROLES, "callbacks.words"),
    Route("POST", WORDS, card.post_words, TICKET_ROLES, "callbacks.words.open"),
    Route("GET", f"{WORDS}/sound", card.get_sound, TICKET_ROLES, "callbacks.words.sound"),
)

PART: Final = WebPart("callbacks", ROUTES, menu=(MenuEntry("人工告知", "/untold", DESK_ROLES),))
