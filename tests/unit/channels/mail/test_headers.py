from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.headers import address, decode_text, decode_words, envelope_sender, header


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("井盖".encode(), "utf-8", "井盖"),
        ("井盖".encode("gb2312"), "GB2312", "井盖"),
        ("㐂".encode("gb18030"), "gb2312", "㐂"),
        ("井盖".encode("gbk"), None, "井盖"),
        ("井盖".encode("gbk"), "utf-8", "井盖"),  # a wrong label
        ("井盖".encode(), '"UTF-8"', "井盖"),
        (b"\xff\xff", None, "\ufffd\ufffd"),
        (b"x", "no\x00such", "x"),
    ],
)
def test_a_wrong_or_missing_charset_is_guessed(data: bytes, charset: str | None, text: str) -> None:
    assert decode_text(data, charset) == text


@given(st.binary(), st.text())
def test_any_bytes_have_a_text(data: bytes, charset: str) -> None:
    assert isinstance(decode_text(data, charset), str)


@given(st.text())
def test_any_header_is_one_line(value: str) -> None:
    assert "\n" not in decode_words(value)


@pytest.mark.parametrize(
    ("raw", "sender"),
    [
        (b"Return-Path: <>\r\n\r\n", ""),
        (b"Return-Path: <a@b>\r\n\r\n", "a@b"),
        (b"X: y\r\n\r\n", None),
    ],
)
def test_the_null_sender_is_not_a_missing_one(raw: bytes, sender: str | None) -> None:
    assert envelope_sender(message_from_bytes(raw)) == sender


def test_a_missing_header_is_empty() -> None:
    message = message_from_bytes(b"X: y\r\n\r\n")

    assert header(message, "Subject") == ""
    assert address(message, "From") == ("", "")
