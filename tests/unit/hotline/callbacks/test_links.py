from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.callbacks.links import (
    LinkExpired,
    LinkOptions,
    link_url,
    make_link_token,
    read_link_token,
)
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CallbackId

OPTIONS = LinkOptions(b"a secret of the installation", "https://city.example")
CALLBACK = CallbackId(UUID(int=7))
NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


def test_a_token_opens_its_callback_until_it_expires() -> None:
    token = make_link_token(OPTIONS, CALLBACK, now=NOW)

    last_moment = NOW + OPTIONS.valid_for - timedelta(seconds=1)
    assert read_link_token(OPTIONS, token, now=last_moment) == CALLBACK
    with pytest.raises(LinkExpired):
        read_link_token(OPTIONS, token, now=NOW + OPTIONS.valid_for)


def test_a_token_of_another_installation_is_refused() -> None:
    other = LinkOptions(b"the secret of another one", "https://city.example")

    with pytest.raises(Invalid):
        read_link_token(OPTIONS, make_link_token(other, CALLBACK, now=NOW), now=NOW)


@given(st.text())
def test_nonsense_is_refused(token: str) -> None:
    with pytest.raises(Invalid):
        read_link_token(OPTIONS, token, now=NOW)


@pytest.mark.parametrize("place", range(48))
def test_one_changed_letter_is_refused(place: int) -> None:
    token = make_link_token(OPTIONS, CALLBACK, now=NOW)
    changed = ("A" if token[place] != "A" else "B").join([token[:place], token[place + 1 :]])

    assert len(token) == 48
    with pytest.raises(Invalid):
        read_link_token(OPTIONS, changed, now=NOW)


@pytest.mark.parametrize("more", ["=", "A", "AAAA", " ", "\n"])
def test_a_token_with_more_behind_it_is_refused(more: str) -> None:
    token = make_link_token(OPTIONS, CALLBACK, now=NOW)

    with pytest.raises(Invalid):
        read_link_token(OPTIONS, token + more, now=NOW)


def test_the_address_is_our_page_with_the_token() -> None:
    url = link_url(OPTIONS, CALLBACK, now=NOW)

    assert url.startswith("https://city.example/callback/")
    assert read_link_token(OPTIONS, url.rpartition("/")[2], now=NOW) == CALLBACK


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        LinkOptions(b"short", "https://city.example")
