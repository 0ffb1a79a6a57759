"""Bodies of senders who mean harm: refused at the door, with an answer and no trace."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp.test_utils import TestClient

from hotline.accounts.roles import Role
from tests.fakes.web_house import PASSWORD, WebHouse, form_token

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
JSON = "application/json"
PART = (
    '--x\r\nContent-Disposition: form-data; name="{}"\r\n'
    "Content-Type: text/plain; charset=punycode\r\n\r\n{}\r\n"
)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"login=%00"),
        (FORM, b"login=%ff"),
        (FORM, b"&".join(b"a=1" for _ in range(1001))),
        (MULTIPART, b"--x\r\nbroken"),
        (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\x00\r\n--x--\r\n'),
        (MULTIPART, b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n"),
        ("multipart/form-data", b"a"),
        (JSON, b"[" * 100_000),
        (JSON, b"9" * 10_000),
        (JSON, b"\xff"),
        (JSON, rb'{"login": "\u0000", "password": ""}'),
        (JSON, rb'{"login": ["\ud800"], "password": ""}'),
    ],
    ids=range(12),
)
async def test_a_body_that_is_no_text_is_refused_and_breaks_nothing(
    house: WebHouse, browse: Browse, content_type: str, body: bytes
) -> None:
    headers = {"Content-Type": content_type, "Accept": JSON}

    answer = await (await browse()).post("/login", data=body, headers=headers)

    assert answer.status == 422
    assert (await answer.json())["fields"][0]["field"] == "body"


async def test_an_address_that_is_no_text_is_refused(house: WebHouse, browse: Browse) -> None:
    client = await browse()

    for path in ("/static/%00", "/login?next=%00"):
        assert (await client.get(path)).status == 422


@pytest.mark.parametrize("in_parts", [False, True])
async def test_a_form_is_utf_8_whatever_its_sender_calls_it(
    house: WebHouse, browse: Browse, in_parts: bool
) -> None:
    """Some codecs take minutes for a megabyte, in which nobody else is answered."""
    await house.user("wang", Role.SEAT)
    client = await browse()
    token = await form_token(client, "/login")
    fields = {"login": "wang", "password": PASSWORD, "form_token": token}
    kind, data = f"{FORM}; charset=punycode", urlencode(fields)
    if in_parts:
        kind = MULTIPART
        data = "".join(map(PART.format, fields, fields.values())) + "--x--\r\n"

    answer = await client.post(
        "/login", data=data.encode(), headers={"Content-Type": kind}, allow_redirects=False
    )

    assert answer.status == 303


async def test_a_packed_body_is_not_unpacked(house: WebHouse, browse: Browse) -> None:
    """A kilobyte would be a megabyte, and past the limit of its route."""
    client = await browse()

    answer = await client.post("/login", json={"login": "a", "password": "b"}, compress="gzip")

    assert answer.status == 415
