"""Errors: one table from kind to status, one page and one JSON shape, each with what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Any, Final

import structlog
from aiohttp import web
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hotline.callbacks.links import LinkExpired
from hotline.kernel.errors import (
    Conflict,
    Forbidden,
    HotlineError,
    Invalid,
    NotFound,
    Unavailable,
)
from hotline.web.auth import MustChangePassword, NotSignedIn
from hotline.web.field_words import words_for
from hotline.web.forgery import FIELD, ForgedForm
from hotline.web.forms import posted
from hotline.web.keys import REQUEST_ID
from hotline.web.language import translate
from hotline.web.pages import render
from hotline.web.rates import TooMany
from hotline.web.requests import wants_json
from hotline.web.routing import Handler

log = structlog.get_logger()

STATUS: Final[Mapping[type[HotlineError], int]] = {
    NotSignedIn: 401,
    ForgedForm: 403,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}
"""The kinds and their statuses; the first kind that fits counts."""

_ADVICE: Final[Mapping[str, tuple[str, str]]] = {
    # key: what happened, what to do next
    "400": ("请求格式不正确", "请返回上一页，检查后重新提交。"),
    "401": ("需要登录", "请登录后再继续。"),
    "403": ("没有权限", "您的角色不能使用此功能。如需使用，请联系安全管理员开通。"),
    "password": ("请先修改密码", "您使用的是一次性密码。请修改密码后再继续。"),
    "form": ("页面已过期", "您的操作没有完成。请返回上一页，刷新后重新提交。"),
    "404": ("没有找到", "请核对网址或编号，或从首页重新进入。"),
    "link": (
        "链接不完整或已失效",
        "请打开短信或邮件中的完整链接，或凭工单号和提取码在“查询进度”中查看、评价；也可以拨打热线。",
    ),
    "405": ("不支持的操作", "请从页面上的按钮或链接进行操作。"),
    "409": (
        "当前状态不允许此操作",
        "您的操作没有完成，内容可能已被他人更新。请返回上一页，刷新后查看最新状态再操作。",
    ),
    "413": ("内容过大", "没有收到您提交的内容。请返回上一页，减少附件的数量或大小后重新提交。"),
    "422": ("填写的内容有误", "请按提示修改后重新提交。"),
    "429": ("操作过于频繁", "您的操作没有完成。请稍后再试；紧急情况请直接拨打热线电话。"),
    "500": ("系统出错了", "您的操作没有完成。请稍后重试；若仍不成功，请把下面的编号告诉管理员。"),
    "503": ("服务暂时不可用", "您的操作没有完成。请稍等片刻再试；紧急情况请拨打热线电话。"),
}

_DOORS: Final = {"NotSignedIn": "/login", "MustChangePassword": "/account/password"}
"""Where a person is led instead of being told what they may not."""

_UNREPEATED: Final = frozenset(
    {FIELD, "password", "old_password", "new_password", "again", "nonce", "key", "back", "code"}
)
"""Fields of a form that no page shows again: secrets, and what nobody typed."""

TYPED_WORDS: Final[Mapping[str, str]] = {
    "body": "您要反映什么问题？",
    "address": "在什么地方？",
    "phone": "电话号码",
    "mail": "电子邮箱",
    "name": "您的姓名",
    "number": "工单号",
    "words": "说明",
    "text": "内容",
    "reason": "原因",
    "subject": "标题",
}
"""What a field is called when what was typed into it is shown again; others by their own name."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field: what is wrong for a program, and in Chinese words for a person."""

    field: str
    problem: str
    words: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What the other side is told."""

    status: int
    error: str
    message: str
    fields: tuple[FieldProblem, ...] = ()
    retry_after: int | None = None
    advice: str = ""
    headers: Mapping[str, str] | None = None

    @property
    def advice_key(self) -> str:
        """The row of the table of advice."""
        return self.advice or (str(self.status) if str(self.status) in _ADVICE else "400")


def problem_of(error: Exception) -> Problem:
    """Return what is said about an error; anything that is not ours is a 500 without details."""
    match error:
        case ValidationError():
            fields = tuple(_field_problem(each) for each in error.errors())
            return Problem(422, "Invalid", "the body does not fit", fields)
        case web.HTTPException():
            headers = {k: v for k, v in error.headers.items() if k == "Allow"}
            return Problem(error.status, "Http", error.reason, headers=headers)
        case Invalid(field="token") | LinkExpired():
            status = 410 if isinstance(error, LinkExpired) else 404
            return Problem(status, type(error).__name__, str(error), advice="link")
        case Invalid():
            refused = FieldProblem(error.field, error.problem, words_for(error.field))
            return Problem(422, "Invalid", str(error), (refused,))
        case ForgedForm() | MustChangePassword():
            advice = "form" if isinstance(error, ForgedForm) else "password"
            return Problem(403, type(error).__name__, str(error), advice=advice)
        case Unavailable() | TooMany():
            status = STATUS[TooMany if isinstance(error, TooMany) else Unavailable]
            wait = max(1, ceil(error.retry_after.total_seconds()))
            return Problem(status, type(error).__name__, str(error), retry_after=wait)
        case HotlineError():
            status = next((s for kind, s in STATUS.items() if isinstance(error, kind)), 500)
            return Problem(status, type(error).__name__, str(error))
        case _:
            return Problem(500, "Internal", "internal error")


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into an answer; the edge of the web process."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        return await _answer(request, problem_of(error))
    except (HotlineError, ValidationError) as error:
        problem = problem_of(error)
        log.info("refused", error=problem.error, status=problem.status)
        return await _answer(request, problem)
    except Exception as error:
        if isinstance(error, ConnectionResetError) and request.transport is None:
            log.info("page_gone")  # while its request was read; nobody hears the answer
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        log.exception("request_failed")
        return await _answer(request, problem_of(RuntimeError()))


async def _answer(request: web.Request, problem: Problem) -> web.StreamResponse:
    what, advice = (translate(request, text) for text in _ADVICE[problem.advice_key])
    if problem.error in _DOORS and request.method == "GET" and not wants_json(request):
        return _to(request, _DOORS[problem.error])
    response: web.StreamResponse
    if wants_json(request):
        body = _as_json(request, problem, what, advice)
        response = web.json_response(body, status=problem.status)
    else:
        response = render(
            request,
            "hotline/error.html",
            status=problem.status,
            problem=problem,
            fields=[(each, translate(request, each.words)) for each in problem.fields],
            what=what,
            advice=advice,
            typed=await _typed_text(request),
        )
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    response.headers.update(problem.headers or {})
    return response


def _to(request: web.Request, door: str) -> web.Response:
    location = request.rel_url.with_path(door).with_query(next=request.rel_url.path_qs)
    return web.Response(status=303, headers={"Location": str(location)})


def _as_json(request: web.Request, problem: Problem, what: str, advice: str) -> dict[str, Any]:
    """Programs read `error`, `message`, `problem`; people read `what`, `words`, `advice`."""
    return {
        "error": problem.error,
        "message": problem.message,
        "what": what,
        "advice": advice,
        "fields": [
            {
                "field": each.field,
                "problem": each.problem,
                "words": translate(request, each.words),
            }
            for each in problem.fields
        ],
        "request_id": request[REQUEST_ID],
    }


async def _typed_text(request: web.Request) -> list[tuple[str, str]]:
    # What somebody typed into a form must survive any error of ours.
    if request.method != "POST" or not request.content_type.startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        return []
    try:
        form = await posted(request)
    except (HotlineError, web.HTTPException, OSError):
        return []
    typed = [(k, v) for k, v in form.items() if isinstance(v, str) and v and k not in _UNREPEATED]
    return [(translate(request, TYPED_WORDS.get(name, name)), text) for name, text in typed]


def _field_problem(error: ErrorDetails) -> FieldProblem:
    field = ".".join(str(step) for step in error["loc"]) or "body"
    return FieldProblem(field, error["msg"], words_for(field, error["type"]))
