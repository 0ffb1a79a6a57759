"""Who is asking: the session cookie, the guard of every route, sign-in and sign-out."""

from typing import Final

import structlog
from aiohttp import web

from hotline.accounts import service
from hotline.accounts.service import Refusal, Refused, SignedIn, User
from hotline.kernel.errors import Forbidden, HotlineError, Invalid, Unavailable
from hotline.web.forgery import SESSION_COOKIE, ForgedForm, check_form, check_same_site
from hotline.web.forms import close_files, is_text, posted
from hotline.web.keys import (
    CLOCK,
    DATABASE,
    OPTIONS,
    PARTS,
    REFUSAL_NOTED,
    ROUTE,
    SIGNED_IN,
)
from hotline.web.language import COOKIE as LANGUAGE_COOKIE
from hotline.web.language import LANGUAGES, translate
from hotline.web.pages import moment_after, render
from hotline.web.refusals import Attempt, note_refusal
from hotline.web.requests import form_fields, json_body, local_path, source_of, wants_json
from hotline.web.routing import EVERYBODY, PUBLIC, Handler, Route
from hotline.web.schemas import SignInBody
from hotline.web.sign_ins import sign_in

log = structlog.get_logger()

_YEAR: Final = 365 * 24 * 3600


WITH_ANY_PASSWORD: Final = frozenset({"password", "password.submit", "logout"})
"""Routes that are open to somebody who has to change the password first."""


class NotSignedIn(HotlineError):
    """Nobody is signed in, and the page needs somebody."""


class MustChangePassword(Forbidden):
    """The password is a one-time one; until it is changed nothing else is open."""


def current_user(request: web.Request) -> User:
    """Return who is asking; only for routes that are not PUBLIC.

    Raises:
        NotSignedIn: on a PUBLIC route when nobody is signed in.
    """
    return current_session(request).user


def current_session(request: web.Request) -> SignedIn:
    """Return the session of who is asking.

    Raises:
        NotSignedIn: on a PUBLIC route when nobody is signed in.
    """
    if SIGNED_IN not in request:
        raise NotSignedIn("nobody is signed in")
    return request[SIGNED_IN]


def guard(route: Route) -> Handler:
    """Return the route's handler behind its row: address and body, forgery, sign-in, role."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        _check_address(request)
        _check_body(request, route)
        request[ROUTE] = route
        await _identify(request, route)
        try:
            _admit(request, route)
            if route.writes and route.forgery_check:
                await check_form(request)
            elif request.headers.get("Upgrade", "").lower() == "websocket":
                check_same_site(request)
            return await route.handler(request)
        except Forbidden as refused:
            await _note(request, route, refused)
            raise
        finally:
            close_files(request)

    return guarded


def _check_address(request: web.Request) -> None:
    if not is_text(request.path) or not is_text(request.query_string):
        raise Invalid("address", "holds signs that no text has")


def _check_body(request: web.Request, route: Route) -> None:
    # No browser packs what it sends, and unpacked it could be of any length.
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise web.HTTPUnsupportedMediaType
    # The application's own limit is that of its largest route; a body of unknown length could
    # pass a smaller one unseen.
    if request.content_length is None and request.can_read_body:
        raise web.HTTPLengthRequired
    if (request.content_length or 0) > route.max_body:
        raise web.HTTPRequestEntityTooLarge(route.max_body, request.content_length or 0)


async def _identify(request: web.Request, route: Route) -> None:
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return
    now, idle = request.app[CLOCK](), request.app[OPTIONS].administrators_idle
    try:
        async with request.app[DATABASE].glance() as session:
            found = await service.read_session(session, token, idle=idle, now=now)
        if found is not None and found.is_to_be_noted(now=now):
            async with request.app[DATABASE].begin() as uow:
                await service.note_seen(uow, found, now=now)
    except Unavailable:
        if not route.is_public:
            raise
        return
    if found is not None:
        request[SIGNED_IN] = found


def _admit(request: web.Request, route: Route) -> None:
    if route.is_public:
        return
    user = current_user(request)
    if not route.admits(user.roles):
        raise Forbidden(f"the role for {route.name} is missing")
    if user.must_change_password and route.name not in WITH_ANY_PASSWORD:
        raise MustChangePassword("the password must be changed first")


async def _note(request: web.Request, route: Route, refused: Forbidden) -> None:
    # An old form and a one-time password are everyday matters, and nobody's attempt.
    if isinstance(refused, (ForgedForm, MustChangePassword)) or SIGNED_IN not in request:
        return
    login = current_user(request).login
    log.info("forbidden", route=route.name, user=login)
    if REFUSAL_NOTED in request:
        return
    attempt = Attempt(
        login=login,
        route=route.name,
        method=request.method,
        path=request.path,
        source=source_of(request),
        problem=str(refused),
    )
    limits = request.app[OPTIONS].refusals
    await note_refusal(request.app[DATABASE], limits, attempt, now=request.app[CLOCK]())


async def get_login(request: web.Request) -> web.Response:
    """Show the sign-in form."""
    target = local_path(request.query.get("next"), "")
    return render(request, "hotline/login.html", target=target, login="", problem=None)


async def post_login(request: web.Request) -> web.Response:
    """Sign in: a form goes to the user's first page, a program gets the user as JSON."""
    is_program = request.content_type == "application/json"
    if is_program:
        body = await json_body(request, SignInBody)
        login, password, target = body.login, body.password, ""
    else:
        fields = await form_fields(request)
        login, target = fields.get("login", ""), local_path(fields.get("next"), "")
        password = str((await posted(request)).get("password", ""))
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        result = await sign_in(
            uow,
            request.app[OPTIONS].sign_ins,
            login,
            password,
            source=source_of(request),
            now=now,
        )
        token = (
            ""
            if isinstance(result, Refused)
            else await service.start_session(uow, result.id, now=now)
        )
    if isinstance(result, Refused):
        return _refused(request, result, login=login, target=target)
    response = (
        web.json_response({"login": result.login, "roles": sorted(result.roles)})
        if wants_json(request)
        else web.Response(status=303, headers={"Location": target or first_page(request, result)})
    )
    give_session(request, response, token)
    return response


def give_session(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """Give the browser the token of its session."""
    response.set_cookie(
        SESSION_COOKIE,
        token,
        httponly=True,
        samesite="Lax",
        secure=request.app[OPTIONS].https,
        max_age=int(service.SESSION_LASTS.total_seconds()),
    )


def _refused(request: web.Request, refused: Refused, *, login: str, target: str) -> web.Response:
    problem = words_of_refusal(request, refused)
    if wants_json(request):
        until = refused.until.isoformat() if refused.until else None
        return web.json_response(
            {"error": refused.why.value, "message": problem, "until": until}, status=401
        )
    return render(
        request, "hotline/login.html", status=401, target=target, login=login, problem=problem
    )


def words_of_refusal(request: web.Request, refused: Refused) -> str:
    """Return why nobody was signed in and what to do; a lock tells when to come back."""
    locked = translate(request, "密码多次输错，账号已锁定，请在%(until)s后再试，或联系安全管理员。")
    return {
        Refusal.WRONG: translate(request, "登录名或密码不正确，请核对后重试。"),
        Refusal.LOCKED: locked % {"until": moment_after(refused.until)},
        Refusal.DISABLED: translate(request, "该账号已停用，请联系安全管理员。"),
    }[refused.why]


def first_page(request: web.Request, user: User) -> str:
    """Return where this person's work begins: at their role's own page, or their menu's first."""
    entries = [entry for part in request.app[PARTS] for entry in part.menu]
    mine = [each for each in entries if not each.roles.isdisjoint(user.roles)]
    homes = [each for each in mine if not each.home_of.isdisjoint(user.roles)]
    return next((each.path for each in homes + mine), "/")


async def post_logout(request: web.Request) -> web.Response:
    """Sign out: the session is over on the server, not only in the browser."""
    async with request.app[DATABASE].begin() as uow:
        await service.end_session(uow, current_session(request), now=request.app[CLOCK]())
    response = web.Response(status=303, headers={"Location": "/login"})
    response.del_cookie(SESSION_COOKIE)
    return response


async def get_language(request: web.Request) -> web.Response:
    """Switch the language and go back to the page."""
    target = local_path(request.query.get("next"), "/")
    response = web.Response(status=303, headers={"Location": target})
    chosen = request.match_info["language"]
    if chosen in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE,
            chosen,
            max_age=_YEAR,
            samesite="Lax",
            secure=request.app[OPTIONS].https,
        )
    return response


ROUTES = (
    Route("GET", "/login", get_login, PUBLIC, "login"),
    Route("POST", "/login", post_login, PUBLIC, "login.submit"),
    Route("POST", "/logout", post_logout, EVERYBODY, "logout"),
    Route("GET", "/language/{language}", get_language, PUBLIC, "language"),
)
