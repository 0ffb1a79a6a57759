"""What holds for every page: headers, languages, errors, static files, health."""

import html
import io
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from hotline.accounts.roles import Role
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from hotline.web.app import make_app
from hotline.web.keys import WebOptions
from hotline.web.pages import render
from hotline.web.requests import source_of
from hotline.web.routing import PUBLIC, MenuEntry, MenuGroup, Route, WebPart
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.web_house import SECRET, WebHouse, form_token

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]
SEATS = frozenset({Role.SEAT})
JSON = {"Accept": "application/json"}


def raising(error: Exception) -> WebPart:
    async def handler(_request: web.Request) -> web.Response:
        raise error

    return WebPart(
        "broken",
        (
            Route("GET", "/broken", handler, PUBLIC, "broken"),
            Route("POST", "/broken", handler, PUBLIC, "broken.post"),
        ),
    )


@pytest.mark.parametrize("path", ["/login", "/health/live", "/nothing", "/static/hotline.css"])
async def test_every_answer_carries_the_security_headers(
    house: WebHouse, browse: Browse, path: str
) -> None:
    answer = await (await browse()).get(path)

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"


async def test_a_page_loads_nothing_from_another_host_and_has_no_inline_script(
    house: WebHouse, browse: Browse
) -> None:
    await house.user("wang", Role.SEAT)
    client = await browse("wang")

    for path in ("/login", "/desk"):
        page = await (await client.get(path)).text()
        assert "//" not in page.replace("http://www.w3.org", "").split("</head>")[0]
        assert "<script>" not in page
        assert "style=" not in page


async def test_the_language_is_chinese_until_another_is_chosen(
    house: WebHouse, browse: Browse
) -> None:
    client = await browse()
    assert 'lang="zh-CN"' in await (await client.get("/login")).text()

    answer = await client.get("/language/en?next=/login")

    page = await answer.text()
    assert 'lang="en"' in page
    assert "Sign in" in page
    assert answer.url.path == "/login"


@pytest.mark.parametrize(("count", "has_headings"), [(2, False), (12, True)])
async def test_a_long_menu_is_under_headings_and_a_short_one_is_not(
    house: WebHouse, browse: Browse, count: int, has_headings: bool
) -> None:
    await house.user("wang", Role.SEAT)
    entries = tuple(
        MenuEntry(f"第{number}页", f"/pages/{number}", SEATS, MenuGroup.SYSTEM)
        for number in range(count)
    )
    house.parts = (WebPart("many", (), menu=entries),)

    page = await (await (await browse("wang")).get("/desk")).text()

    assert (f"<summary>{MenuGroup.SYSTEM}</summary>" in page) is has_headings
    assert all(f'href="{each.path}"' in page for each in entries)


async def test_one_line_of_the_menu_is_where_one_is(house: WebHouse, browse: Browse) -> None:
    entries = (MenuEntry("账号", "/account", SEATS), MenuEntry("密码", "/account/password", SEATS))
    house.parts = (WebPart("menu", (), menu=entries),)
    await house.user("wang", Role.SEAT)

    page = await (await (await browse("wang")).get("/account/password")).text()

    assert re.findall('href="([^"]+)" aria-current="page"', page) == ["/account/password"]


@pytest.mark.parametrize("stored", ["<b>一科</b>", "达标率50%", "50%s"])
async def test_a_stored_value_that_a_page_takes_for_a_text_is_only_text(
    house: WebHouse, browse: Browse, tmp_path: Path, stored: str
) -> None:
    """A unit's name or a condition of a standard goes through the catalogue as texts do."""
    (tmp_path / "stored").mkdir()
    (tmp_path / "stored" / "page.html").write_text("<p>{{ _(stored) }}</p>", encoding="utf-8")

    async def handler(request: web.Request) -> web.Response:
        return render(request, "stored/page.html", stored=stored)

    route = Route("GET", "/stored", handler, PUBLIC, "stored")
    house.parts = (WebPart("stored", (route,), templates=tmp_path),)

    answer = await (await browse()).get("/stored")

    assert await answer.text() == f"<p>{html.escape(stored)}</p>"


async def test_an_unknown_language_changes_nothing(house: WebHouse, browse: Browse) -> None:
    answer = await (await browse()).get("/language/xx?next=//example.org", allow_redirects=False)

    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert "hotline_language" not in answer.cookies


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("ticket", "7"), 404),
        (Invalid("subject", "it is empty"), 422),
        (Conflict("busy"), 409),
        (Forbidden("no"), 403),
        (Unavailable("the database"), 503),
        (web.HTTPNotFound(), 404),
        (ValueError("13800001234"), 500),
    ],
)
async def test_every_error_says_what_happened_and_what_to_do_next(
    house: WebHouse, browse: Browse, error: Exception, status: int
) -> None:
    house.parts = (raising(error),)
    client = await browse()

    page = await client.get("/broken", headers={"Accept": "text/html"})
    told = await client.get("/broken", headers=JSON)

    assert (page.status, told.status) == (status, status)
    assert "返回首页" in await page.text()
    body = await told.json()
    assert body["advice"]
    assert body["request_id"] == told.headers["X-Request-Id"]
    assert "13800001234" not in str(body)


async def test_what_is_unavailable_says_when_to_come_again(house: WebHouse, browse: Browse) -> None:
    house.parts = (raising(Unavailable("the database")),)

    answer = await (await browse()).get("/broken")

    assert answer.headers["Retry-After"] == "30"


async def test_a_redirect_that_is_raised_is_a_redirect(house: WebHouse, browse: Browse) -> None:
    house.parts = (raising(web.HTTPSeeOther("/login")),)

    answer = await (await browse()).get("/broken", allow_redirects=False)

    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    assert "Content-Security-Policy" in answer.headers


async def test_with_the_database_down_public_pages_go_on_and_others_say_when(
    house: WebHouse, browse: Browse, clock: Clock
) -> None:
    working = house.database
    house.database = Database.connect("postgresql+asyncpg://nobody@127.0.0.1:1/none", clock=clock)
    client = await browse()
    cookie = {"Cookie": "hotline_session=of-better-days", "Accept": "text/html"}

    public = await client.get("/login", headers=cookie)
    inner = await client.get("/desk", headers=cookie)

    await house.database.close()
    house.database = working
    assert (public.status, inner.status) == (200, 503)
    assert "服务暂时不可用" in await inner.text()


async def test_an_error_gives_back_what_was_typed(house: WebHouse, browse: Browse) -> None:
    house.parts = (raising(Unavailable("the database")),)
    client = await browse()
    token = await form_token(client, "/login")

    answer = await client.post(
        "/broken", data={"text": "井盖丢失<b>", "password": "hidden", "form_token": token}
    )

    page = await answer.text()
    assert answer.status == 503
    assert "井盖丢失&lt;b&gt;" in page
    assert "hidden" not in page.replace('type="hidden"', "")


async def test_a_body_that_is_too_large_or_of_unknown_length_is_refused(
    house: WebHouse, browse: Browse
) -> None:
    async def parts() -> Any:
        yield b"x" * 100

    client = await browse()

    large = await client.post("/login", data=io.BytesIO(b"x" * (1024 * 1024 + 1)), headers=JSON)
    unknown = await client.post("/login", data=parts(), headers=JSON)

    assert (large.status, unknown.status) == (413, 411)


async def test_a_wrong_method_names_the_right_ones(house: WebHouse, browse: Browse) -> None:
    answer = await (await browse()).delete("/login", headers=JSON)

    assert answer.status == 405
    assert answer.headers["Allow"] == "GET,POST"


async def test_broken_json_is_the_senders_error(house: WebHouse, browse: Browse) -> None:
    answer = await (await browse()).post(
        "/login", data=b'{"login": ', headers={"Content-Type": "application/json"}
    )

    assert answer.status == 422
    (field,) = (await answer.json())["fields"]
    assert (field["field"], field["problem"]) == ("body", "is not JSON in UTF-8")
    assert field["words"]


async def test_a_file_named_by_its_content_is_cached_for_ever(
    house: WebHouse, browse: Browse
) -> None:
    client = await browse()
    page = await (await client.get("/login")).text()
    exact = page.split('rel="stylesheet" href="')[1].split('"')[0]

    named = await client.get(exact)
    plain = await client.get("/static/hotline.css")

    assert "immutable" in named.headers["Cache-Control"]
    assert "immutable" not in plain.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "/etc/passwd", "."])
async def test_nothing_outside_the_static_folder_is_served(
    house: WebHouse, browse: Browse, name: str
) -> None:
    assert (await (await browse()).get(f"/static/{name}")).status == 404


async def test_ready_means_that_the_database_answers(
    house: WebHouse, browse: Browse, clock: Clock, aiohttp_client: Any
) -> None:
    assert (await (await browse()).get("/health/ready")).status == 200

    gone = Database.connect("postgresql+asyncpg://nobody@127.0.0.1:1/none", clock=clock)
    client = await aiohttp_client(
        make_app(gone, (), WebOptions(SECRET), clock=clock, signals=MemorySignals())
    )

    assert (await client.get("/health/ready")).status == 503
    assert (await client.get("/health/live")).status == 200
    await gone.close()


async def test_figures_are_for_this_machine_only(house: WebHouse, browse: Browse) -> None:
    client = await browse()

    here = await client.get("/metrics")
    beyond = await client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.9"})

    assert "hotline_http_requests_total" in await here.text()
    assert beyond.status == 404


async def test_with_a_token_figures_are_for_its_holder(
    house: WebHouse, clock: Clock, aiohttp_client: Any
) -> None:
    options = WebOptions(SECRET, metrics_token="a token")
    client = await aiohttp_client(
        make_app(house.database, (), options, clock=clock, signals=MemorySignals())
    )

    assert (await client.get("/metrics")).status == 404
    headers = {"Authorization": "Bearer a token"}
    assert (await client.get("/metrics", headers=headers)).status == 200


@pytest.mark.parametrize(
    ("proxies", "forwarded", "source"),
    [
        (0, "192.0.2.1", "127.0.0.1"),
        (1, "198.51.100.7, 192.0.2.1", "192.0.2.1"),
        (2, "203.0.113.5, 198.51.100.7, 192.0.2.1", "198.51.100.7"),
        (2, "192.0.2.1", "127.0.0.1"),
    ],
)
async def test_only_our_own_proxies_are_believed_about_where_a_request_came_from(
    house: WebHouse, clock: Clock, aiohttp_client: Any, proxies: int, forwarded: str, source: str
) -> None:
    async def tell(request: web.Request) -> web.Response:
        return web.Response(text=source_of(request))

    part = WebPart("tell", (Route("GET", "/tell", tell, PUBLIC, "tell"),))
    client = await aiohttp_client(
        make_app(
            house.database,
            (part,),
            WebOptions(SECRET, trusted_proxies=proxies),
            clock=clock,
            signals=MemorySignals(),
        )
    )

    answer = await client.get("/tell", headers={"X-Forwarded-For": forwarded})

    assert await answer.text() == source


async def test_two_routes_with_one_name_are_refused_at_the_start(house: WebHouse) -> None:
    house.parts = (raising(ValueError()), raising(ValueError()))

    with pytest.raises(ValueError, match="broken"):
        house.app()


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        WebOptions(b"short")
