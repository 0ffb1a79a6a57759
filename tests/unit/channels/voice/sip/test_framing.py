"""Messages out of streams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.sip.framing import KEEP_ALIVE, StreamParser
from channels.voice.sip.message import MAX_MESSAGE
from tests.unit.channels.voice.sip.wire import OFFER, request

INVITE = request("INVITE", body=OFFER)


def test_a_stream_is_cut_wherever_it_arrives() -> None:
    stream = INVITE + b"\r\n" + request("BYE", cseq=2) + b"\r\n\r\n" + INVITE
    whole = StreamParser().feed(stream)

    pieces: list[bytes] = []
    parser = StreamParser()
    for at in range(len(stream)):
        pieces += parser.feed(stream[at : at + 1])

    assert pieces == [INVITE, request("BYE", cseq=2), KEEP_ALIVE, INVITE]
    assert [piece for piece in whole if piece != KEEP_ALIVE] == [
        INVITE,
        request("BYE", cseq=2),
        INVITE,
    ]


def test_a_message_without_content_length_has_no_body_in_a_stream() -> None:
    head = request("BYE").replace(b"Content-Length: 0\r\n", b"")

    assert StreamParser().feed(head + INVITE) == [head, INVITE]


@pytest.mark.parametrize("length", [b"-5", b"abc", b"70000", b"1\r\nContent-Length: 2"])
def test_a_stream_breaks_where_the_next_message_cannot_be_found(length: bytes) -> None:
    parser = StreamParser()
    data = INVITE.replace(b"Content-Length: %d" % len(OFFER), b"l : " + length)

    messages = parser.feed(data + INVITE)

    assert parser.is_broken
    assert messages == [data[: data.index(b"\r\n\r\n") + 4]]
    assert parser.feed(INVITE) == []


def test_a_head_without_end_breaks_the_stream() -> None:
    parser = StreamParser()

    assert parser.feed(b"INVITE " + b"x" * MAX_MESSAGE) == []
    assert parser.is_broken


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_any_stream_is_cut_or_broken(chunks: list[bytes]) -> None:
    parser = StreamParser()

    for chunk in chunks:
        assert all(isinstance(message, bytes) for message in parser.feed(chunk))
