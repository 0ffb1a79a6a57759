"""The public form: what is missing is named, what is typed is kept."""

from typing import Any

import pytest

from channels.web.form import LONGEST_TEXT, TRAP, Upload, check_report
from channels.web.photos import LARGEST_PHOTO, MOST_PHOTOS
from hotline.contacts.contact import Channel
from hotline.contacts.photos import photo_type
from hotline.tickets.ticket import RequestKind

JPEG = b"\xff\xd8\xff\xe0" + b"0" * 20
GOOD = {
    "nonce": "n" * 24,
    "body": "人民路井盖丢失",
    "reply_channel": "voice",
    "phone": "010-66001234",
}


def problems(uploads: tuple[Upload, ...] = (), **changes: str) -> list[str]:
    checked = check_report(GOOD | changes, uploads)
    assert (checked.form is None) == bool(checked.problems)
    return list(checked.problems)


def test_text_and_a_way_to_answer_are_enough() -> None:
    form = check_report(GOOD, ()).form

    assert form is not None
    assert (form.body, form.phone, form.reply_channel) == (
        "人民路井盖丢失",
        "010-66001234",
        Channel.VOICE,
    )
    assert form.request_kind is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"body": ""}, "body", id="no text"),
        pytest.param({"body": "字" * (LONGEST_TEXT + 1)}, "body", id="a book"),
        pytest.param({"address": "路" * 301}, "address", id="a long place"),
        pytest.param({"name": "名" * 61}, "name", id="a long name"),
        pytest.param({"phone": ""}, "phone", id="no number"),
        pytest.param({"phone": "12345"}, "phone", id="a service's number"),
        pytest.param({"phone": "99999999999999"}, "phone", id="no one's number"),
        pytest.param({"reply_channel": "sms"}, "phone", id="a message to a landline"),
        pytest.param({"reply_channel": "mail", "mail": "nobody"}, "mail", id="no address"),
        pytest.param({"reply_channel": "mail"}, "mail", id="mail without address"),
        pytest.param({"reply_channel": "pigeon"}, "reply_channel", id="an unknown way"),
        pytest.param({"request_kind": "gossip"}, "request_kind", id="an unknown kind"),
        pytest.param({TRAP: "https://example.org"}, TRAP, id="the trap"),
        pytest.param({"nonce": "x"}, "nonce", id="no page of ours"),
    ],
)
def test_every_mistake_is_named_by_its_field(change: dict[str, str], field: str) -> None:
    assert problems(**change) == [field]


def test_all_mistakes_are_named_at_once() -> None:
    assert problems(body="", phone="", nonce="") == ["body", "nonce", "phone"]


def test_without_a_way_to_answer_the_status_page_tells() -> None:
    form = check_report(GOOD | {"reply_channel": "web"}, ()).form

    assert form is not None
    # What was typed for a way that was not chosen is not kept.
    assert (form.reply_channel, form.phone, form.mail) == (Channel.WEB, "", "")


def test_an_anonymous_citizens_name_is_not_even_kept() -> None:
    form = check_report(GOOD | {"name": "张三", "anonymous": "on"}, ()).form

    assert form is not None
    assert (form.anonymous, form.name) == (True, "")


def test_a_chosen_kind_is_kept() -> None:
    form = check_report(GOOD | {"request_kind": "complaint"}, ()).form

    assert form is not None
    assert form.request_kind is RequestKind.COMPLAINT


def nonce(fields: dict[str, str], *uploads: Upload) -> str:
    form: Any = check_report(fields, uploads).form
    return str(form.nonce)


def test_the_same_page_with_the_same_words_is_the_same_contact() -> None:
    assert nonce(GOOD) == nonce(dict(GOOD))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((GOOD | {"body": "另一件事"},), id="other words"),
        pytest.param((GOOD | {"nonce": "m" * 24},), id="another page"),
        pytest.param((GOOD, Upload("a.jpg", JPEG)), id="a photo"),
    ],
)
def test_other_content_is_another_contact(other: tuple[Any, ...]) -> None:
    assert nonce(*other) != nonce(GOOD)


def test_photos_come_along_with_their_type() -> None:
    form = check_report(GOOD, [Upload("a.png", JPEG)]).form

    assert form is not None
    assert [(a.name, a.mime) for a in form.attachments] == [("a.png", "image/jpeg")]


@pytest.mark.parametrize(
    "uploads",
    [
        pytest.param([Upload("a.jpg", JPEG)] * (MOST_PHOTOS + 1), id="too many"),
        pytest.param([Upload("a.jpg", JPEG + b"0" * LARGEST_PHOTO)], id="too large"),
        pytest.param([Upload("a.jpg", b"MZ program")], id="a program"),
        pytest.param([Upload("a.jpg", b"")], id="empty"),
    ],
)
def test_what_is_no_proper_photo_is_refused(uploads: list[Upload]) -> None:
    assert problems(tuple(uploads)) == ["photos"]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"<svg onload=alert(1)>", None),
        (b"%PDF-1.7", None),
    ],
)
def test_a_photo_is_known_by_its_content(content: bytes, media_type: str | None) -> None:
    assert photo_type(content) == media_type
