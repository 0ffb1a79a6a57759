"""What is refused whatever it means."""

import pytest

from channels.voice.sip.events import CallOffered
from channels.voice.sip.peers import ALLOWED
from channels.voice.sip.screening import MAX_BODY
from tests.unit.channels.voice.sip.wire import OFFER, Wire, request


def refused(data: bytes) -> tuple[int, dict[str, list[str]]]:
    wire = Wire()
    wire.receive(data)
    answer = wire.response()
    assert wire.events() == []
    return answer.status, answer.headers


def test_an_unknown_method_is_told_the_known_ones() -> None:
    status, headers = refused(request("PUBLISH"))

    assert (status, headers["allow"]) == (405, [", ".join(ALLOWED)])


def test_a_method_in_small_letters_is_another_method() -> None:
    assert refused(request("invite"))[0] == 405


def test_an_unknown_scheme_is_refused() -> None:
    assert refused(request("INVITE", uri="http://example.com", body=OFFER))[0] == 416


def test_a_request_uri_that_is_none_is_refused() -> None:
    assert refused(request("INVITE", uri="sip:a@b:99999", body=OFFER))[0] == 400


def test_a_request_uri_that_is_too_long_is_refused() -> None:
    assert refused(request("INVITE", uri="sip:" + "a" * 3000 + "@b", body=OFFER))[0] == 414


def test_a_required_extension_that_we_have_not_is_named() -> None:
    status, headers = refused(
        request("INVITE", body=OFFER, extra=[("require", "100rel, path"), ("require", "x")])
    )

    assert (status, headers["unsupported"]) == (420, ["path, x"])


@pytest.mark.parametrize("value", ["-1", "256", "x", "1.5"])
def test_senseless_forwards_are_refused(value: str) -> None:
    data = request("INVITE", body=OFFER).replace(
        b"Max-Forwards: 70", b"Max-Forwards: %b" % value.encode()
    )

    assert refused(data)[0] == 400


def test_another_content_than_sdp_is_refused_with_what_we_take() -> None:
    data = request("INVITE", body=OFFER).replace(b"application/sdp", b"multipart/mixed;boundary=x")

    status, headers = refused(data)

    assert (status, headers["accept"]) == (415, ["application/sdp, multipart/mixed"])


def test_another_content_that_is_optional_is_left_unread() -> None:
    wire = Wire()
    data = request("INVITE", body=b"x", extra=[("content-disposition", "icon; handling=Optional")])

    wire.receive(data.replace(b"application/sdp", b"image/png"))

    assert wire.lines() == ["100"]


def test_a_packed_body_is_refused_with_what_we_take() -> None:
    status, headers = refused(request("INVITE", body=OFFER, extra=[("content-encoding", "gzip")]))

    assert (status, headers["accept-encoding"]) == (415, ["identity"])


def test_a_body_that_is_too_large_is_refused() -> None:
    assert refused(request("INVITE", body=b"v" * (MAX_BODY + 1)))[0] == 413


def test_the_name_of_sdp_may_have_capitals_and_parameters() -> None:
    wire = Wire()

    wire.receive(request("INVITE", body=OFFER).replace(b"application/sdp", b"Application/SDP; x=y"))

    assert wire.lines() == ["100"]


def test_options_are_answered_with_what_we_can() -> None:
    wire = Wire()

    wire.receive(request("OPTIONS"))

    answer = wire.response()
    assert (answer.status, answer.header("accept")) == (200, "application/sdp, multipart/mixed")
    assert "INVITE" in answer.header("allow")


PARTS = (
    b"preamble\r\n--x\r\nContent-Type: application/isup;version=x\r\n\r\n\x01\x02\r\n"
    b"--x\r\ncontent-type : APPLICATION/SDP;a=b\r\nContent-Disposition: session\r\n\r\n"
    b"%b--x--\r\nrest"
)


def multipart(body: bytes, boundary: str = "x") -> bytes:
    data = request("INVITE", body=body)
    return data.replace(
        b"application/sdp\r\n", b"multipart/mixed;boundary=%b\r\n" % boundary.encode(), 1
    )


@pytest.mark.parametrize("boundary", ["x", '"x"'])
def test_sdp_is_found_among_other_parts(boundary: str) -> None:
    wire = Wire()

    wire.receive(multipart(PARTS % OFFER, boundary))

    event = wire.event()
    assert isinstance(event, CallOffered)
    assert event.sdp == OFFER


@pytest.mark.parametrize(
    ("body", "boundary"),
    [
        (b"--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n", "x"),
        (PARTS % OFFER, "other"),
        (PARTS % OFFER, ""),
        (PARTS % OFFER, '"x'),
        (b"--x--\r\n" + PARTS % OFFER, "x"),
        (b"--x\r\n\r\n" * 50 + PARTS % OFFER, "x"),
    ],
)
def test_a_body_of_parts_without_sdp_is_refused(body: bytes, boundary: str) -> None:
    assert refused(multipart(body, boundary))[0] == 415
