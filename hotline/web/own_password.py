"""One's own password: changed with the old one, and at once after a one-time password."""

from typing import Final

from aiohttp import web

from hotline.accounts import service
from hotline.accounts.service import Refusal
from hotline.kernel.errors import Invalid
from hotline.web.auth import current_user, first_page, give_session, words_of_refusal
from hotline.web.field_words import words_for
from hotline.web.forms import posted
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.language import translate
from hotline.web.pages import render
from hotline.web.requests import form_fields, local_path, source_of
from hotline.web.routing import EVERYBODY, Route

PATH: Final = "/account/password"


async def get_password(request: web.Request) -> web.Response:
    """Show the form; it says so when the password has to be changed."""
    return _page(request, local_path(request.query.get("next"), ""))


async def post_password(request: web.Request) -> web.Response:
    """Change the password: every other session ends, this one goes on under a new token."""
    user = current_user(request)
    form = await posted(request)
    old, new, again = (str(form.get(n, "")) for n in ("old_password", "new_password", "again"))
    target = local_path((await form_fields(request)).get("next"), "")
    if new != again:
        return _page(request, target, field="again")
    now = request.app[CLOCK]()
    try:
        async with request.app[DATABASE].begin() as uow:
            refused = await service.change_own_password(
                uow, user, old=old, new=new, source=source_of(request), now=now
            )
            token = "" if refused else await service.start_session(uow, user.id, now=now)
    except Invalid:
        return _page(request, target, field="new_password")
    if refused is None:
        location = target or first_page(request, user)
        response = web.Response(status=303, headers={"Location": location})
        give_session(request, response, token)
        return response
    if refused.why is Refusal.WRONG:
        return _page(request, target, field="old_password")
    return _page(request, target, field="old_password", said=words_of_refusal(request, refused))


def _page(request: web.Request, target: str, field: str = "", said: str = "") -> web.Response:
    if field and not said:
        wrong = translate(request, "原密码不正确。")
        said = wrong if field == "old_password" else translate(request, words_for(field))
    return render(
        request,
        "hotline/password.html",
        status=422 if field else 200,
        target=target,
        must=current_user(request).must_change_password,
        problems={field: said} if field else {},
    )


ROUTES: Final = (
    Route("GET", PATH, get_password, EVERYBODY, "password"),
    Route("POST", PATH, post_password, EVERYBODY, "password.submit"),
)
