"""The two questions of a callback (回访): is it solved, and how satisfied are you?"""

from typing import Final

from aiohttp import web

from channels.web.options import PUBLIC_PAGES
from hotline.callbacks.links import read_link_token
from hotline.callbacks.reading import CallbackView, callback_of_link
from hotline.callbacks.service import LONGEST_WORDS, record_answer, record_words
from hotline.callbacks.states import Question
from hotline.tickets.reading import public_ticket_by_id
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.language import translate
from hotline.web.pages import Blanks, render
from hotline.web.requests import form_fields
from hotline.web.routing import PUBLIC, Route

SOLVED: Final = (("1", "已解决"), ("2", "未解决，请继续办理"))
SATISFACTION: Final = (
    ("1", "非常满意"),
    ("2", "满意"),
    ("3", "基本满意"),
    ("4", "不满意"),
    ("5", "非常不满意"),
)


async def get_callback(request: web.Request) -> web.Response:
    """Show the questions; looking changes nothing, so a mail scanner's visit does no harm."""
    return await _page(request, await _callback(request))


async def post_callback(request: web.Request) -> web.Response:
    """Note the answers; "not solved" sends the ticket back to work on the spot."""
    callback = await _callback(request)
    fields = await form_fields(request)
    solved, satisfaction = fields.get("solved", ""), fields.get("satisfaction", "")
    words = fields.get("words", "").replace("\r\n", "\n").strip()
    problems = _problems(request, solved, satisfaction, words)
    if problems:
        return await _page(request, callback, fields=fields, problems=problems)
    now = request.app[CLOCK]()
    answers = ((Question.SOLVED, solved), (Question.SATISFACTION, satisfaction))
    async with request.app[DATABASE].begin() as uow:
        if words:
            await record_words(uow, callback.callback_id, words)
        for question, answer in answers:
            if answer:
                await record_answer(
                    uow,
                    callback.callback_id,
                    question=question,
                    answer=int(answer),
                    now=now,
                    via="link",
                )
    return web.Response(status=303, headers={"Location": request.path})


async def _callback(request: web.Request) -> CallbackView:
    callback_id = read_link_token(
        request.app[PUBLIC_PAGES].links, request.match_info["token"], now=request.app[CLOCK]()
    )
    async with request.app[DATABASE].read() as session:
        return await callback_of_link(session, callback_id)


def _problems(request: web.Request, solved: str, satisfaction: str, words: str) -> dict[str, str]:
    problems = {}
    if solved not in dict(SOLVED):
        problems["solved"] = translate(request, "请选择问题是否已经解决。")
    if satisfaction and satisfaction not in dict(SATISFACTION):
        problems["satisfaction"] = translate(request, "请从1到5中选择。")
    if len(words) > LONGEST_WORDS:
        problems["words"] = translate(request, "请把说明写得短一些，不超过500字。")
    return problems


async def _page(
    request: web.Request,
    callback: CallbackView,
    *,
    fields: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
) -> web.Response:
    async with request.app[DATABASE].read() as session:
        ticket = await public_ticket_by_id(session, callback.ticket_id)
    return render(
        request,
        "public/callback.html",
        status=422 if problems else 200,
        callback=callback,
        may_answer=callback.may_answer and callback.round == ticket.round,
        ticket=ticket,
        fields=Blanks(fields or {}),
        problems=Blanks(problems or {}),
        solved_choices=[(code, translate(request, text)) for code, text in SOLVED],
        satisfaction_choices=[(code, translate(request, text)) for code, text in SATISFACTION],
        satisfaction_words=dict(SATISFACTION),
        longest_words=LONGEST_WORDS,
    )


ROUTES = (
    Route("GET", "/callback/{token}", get_callback, PUBLIC, "callback"),
    Route("POST", "/callback/{token}", post_callback, PUBLIC, "callback.answer"),
)
