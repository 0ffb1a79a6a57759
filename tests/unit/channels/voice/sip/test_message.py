"""Messages from bytes and back, and out of streams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.sip.errors import PeerError
from channels.voice.sip.events import CallOffered
from channels.voice.sip.message import (
    MAX_HEADER_LINE,
    MAX_MESSAGE,
    Request,
    Response,
    is_token,
    parse_message,
    spelling,
)
from tests.unit.channels.voice.sip.wire import OFFER, Wire, request

INVITE = request("INVITE", body=OFFER)


def parsed(data: bytes) -> Request:
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def test_a_request_is_parsed_and_written_again() -> None:
    message = parsed(INVITE)

    assert (message.method, message.uri) == ("INVITE", "sip:12345@192.0.2.1")
    assert (message.from_tag, message.to_tag, message.call_id) == ("peer", "", "c1")
    assert (message.body, message.flaw) == (OFFER, None)
    assert message.serialise() == INVITE


def test_a_response_is_parsed_and_written_again() -> None:
    headers = parsed(request("INVITE", to_tag="us")).headers
    data = Response(180, "响铃", headers).serialise()

    message = parse_message(data)

    assert isinstance(message, Response)
    assert (message.status, message.reason, message.to_tag) == (180, "响铃", "us")
    assert message.serialise() == data


def test_compact_and_strangely_spelled_names_are_the_same_headers() -> None:
    data = (
        b"OPTIONS sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nF:<sip:a@b>;tag=1\r\n"
        b"t :<sip:c@d>\r\nCALL-id:x\r\ncSeq: 1 OPTIONS\r\nm: <sip:a@h>\r\nl: 0\r\nX-LINE: 7\r\n\r\n"
    )

    message = parsed(data)

    assert message.flaw is None
    assert [message.header(name) for name in ("call-id", "contact", "x-line")] == [
        "x",
        "<sip:a@h>",
        "7",
    ]


def test_folded_lines_are_one_line() -> None:
    data = INVITE.replace(b"Call-ID: c1", b"Call-ID:\r\n  c1\r\nSubject: a\r\n\tb \r\n c")

    message = parsed(data)

    assert (message.call_id, message.header("subject")) == ("c1", "a b  c")


def test_values_come_from_many_lines_and_from_one() -> None:
    data = request(
        "INVITE", extra=[("record-route", "<sip:a;lr>, <sip:b;lr>"), ("record-route", "<sip:c>")]
    )

    assert parsed(data).values("record-route") == ["<sip:a;lr>", "<sip:b;lr>", "<sip:c>"]
    assert parsed(data).values("route") == []


def test_a_datagram_ends_where_content_length_says() -> None:
    assert parsed(INVITE + b"rubbish").body == OFFER


def test_a_datagram_without_content_length_has_the_rest_as_body() -> None:
    data = INVITE.replace(b"Content-Length: %d\r\n" % len(OFFER), b"")

    assert parsed(data).body == OFFER


@pytest.mark.parametrize("length", [b"-1", b"9999", b"abc", b"", b"1e3", b"99999999999999999999"])
def test_a_wrong_content_length_is_a_flaw(length: bytes) -> None:
    data = INVITE.replace(b"Content-Length: %d" % len(OFFER), b"Content-Length: " + length)

    flaw = parsed(data).flaw

    assert flaw is not None
    assert flaw.status == 400


@pytest.mark.parametrize("name", [b"Via", b"From", b"To", b"Call-ID", b"CSeq"])
def test_a_missing_header_is_a_flaw(name: bytes) -> None:
    lines = [line for line in INVITE.split(b"\r\n") if not line.startswith(name + b":")]

    flaw = parsed(b"\r\n".join(lines)).flaw

    assert flaw is not None
    assert flaw.reason == f"Missing {name.decode()}"


@pytest.mark.parametrize("name", [b"From", b"To", b"Call-ID", b"CSeq", b"Max-Forwards"])
def test_a_repeated_header_that_may_stand_once_is_a_flaw(name: bytes) -> None:
    line = next(line for line in INVITE.split(b"\r\n") if line.startswith(name + b":"))

    flaw = parsed(INVITE.replace(line, line + b"\r\n" + line)).flaw

    assert flaw is not None
    assert flaw.reason == f"Repeated {name.decode()}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"1 INVITE", b"1 BYE"),
        (b"1 INVITE", b"x INVITE"),
        (b"Call-ID: c1", b"Call-ID: c1\r\nno colon here"),
        (b"Call-ID: c1", b"Call-ID: c1\r\nbad name: x"),
        (b"Call-ID: c1", b"Call-ID: c1\nX: y"),
        (b"Call-ID: c1", b"Call-ID: c1\rX: y"),
        (b"<sip:12345@192.0.2.1>", b'"open <sip:12345@192.0.2.1>'),
        (b"Call-ID: c1", b"Call-ID: c1\r\nX: " + b"y" * MAX_HEADER_LINE + b"yy"),
        (b"Call-ID: c1", b"Call-ID: c1" + b"\r\nX: y" * 300),
        (b" SIP/2.0\r\n", b" SIP/2.0 \r\n"),
        (b"INVITE sip", b"INVITE  sip"),
    ],
)
def test_a_broken_frame_is_a_flaw_that_is_answered_with_400(old: bytes, new: bytes) -> None:
    flaw = parsed(INVITE.replace(old, new, 1)).flaw

    assert flaw is not None
    assert flaw.status == 400


def test_another_version_is_a_flaw_of_its_own() -> None:
    flaw = parsed(INVITE.replace(b" SIP/2.0\r\n", b" SIP/3.0\r\n", 1)).flaw

    assert flaw is not None
    assert flaw.status == 505


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\x00",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x80\xff\xfe",
        b"SIP/2.0 99 x\r\n\r\n",
        b"SIP/2.0 099 x\r\n\r\n",
        b"SIP/2.0 700 x\r\n\r\n",
        b"SIP/2.0 2000 x\r\n\r\n",
        b"SIP/3.0 200 x\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"x" * (MAX_MESSAGE + 1),
    ],
)
def test_what_cannot_be_answered_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(PeerError):
        parse_message(data)


def test_a_response_that_is_cut_off_is_refused() -> None:
    data = Response(200, "OK", parsed(request("INVITE")).headers, OFFER).serialise()

    with pytest.raises(PeerError):
        parse_message(data[:-5])


def test_a_request_without_its_blank_line_is_flawed() -> None:
    assert parsed(request("BYE").rstrip()).flaw is not None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_are_refused(data: bytes) -> None:
    try:
        parse_message(data)
    except PeerError:
        return


@given(st.data())
def test_a_damaged_message_is_a_message_or_is_refused(data: st.DataObject) -> None:
    damaged = bytearray(INVITE)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        cut = data.draw(st.integers(0, 20))
        damaged[at : at + cut] = data.draw(st.binary(max_size=8))
    try:
        message = parse_message(bytes(damaged))
    except PeerError:
        return

    assert message.headers is not None


def test_names_are_written_as_people_write_them() -> None:
    assert [spelling(name) for name in ("cseq", "call-id", "x-line-id", "www-authenticate")] == [
        "CSeq",
        "Call-ID",
        "X-Line-Id",
        "WWW-Authenticate",
    ]


def test_a_token_has_no_spaces_and_no_separators() -> None:
    assert [is_token(text) for text in ("INVITE", "a%2!", "", "a b", "a:b", "ä")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (b"From: <sip:%b@192.0.2.9>;tag=a", "Bad URI"),
        (b"To: <sip:%b@192.0.2.1>", "Bad URI"),
        (b"Call-ID: %b", "Bad Call-ID"),
    ],
)
def test_bytes_of_another_encoding_are_refused_where_they_would_be_kept(
    place: bytes, reason: str
) -> None:
    """RFC 3261 25.1: Call-ID and URI are ASCII; no table or log can keep what is no UTF-8."""
    wire = Wire()
    name = place.partition(b":")[0]
    lines = request("INVITE", body=OFFER).split(b"\r\n")
    bad = place % "\u5f20".encode("gb18030")
    message = b"\r\n".join(bad if line.startswith(name + b":") else line for line in lines)

    wire.receive(message)

    answer = wire.response()
    assert (answer.status, answer.reason, wire.events()) == (400, reason, [])


def test_a_name_in_another_encoding_does_not_stop_the_call() -> None:
    """Gateways write display names in GB 18030."""
    wire = Wire()

    wire.receive(request("INVITE", body=OFFER).replace(b"Zhang", "\u5f20".encode("gb18030")))

    assert isinstance(wire.event(), CallOffered)
