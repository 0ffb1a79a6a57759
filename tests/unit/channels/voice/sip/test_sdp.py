import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.sip import sdp
from channels.voice.sip.sdp import (
    MAX_BYTES,
    MAX_FORMATS,
    MAX_LINES,
    MAX_MEDIA,
    Connection,
    Direction,
    RtpMap,
    SdpError,
    SdpMalformed,
)

PHONE = b"""v=0\r
o=alice 2890844526 2890844527 IN IP4 host.example.org\r
s=Call\r
c=IN IP4 192.0.2.101\r
t=0 0\r
a=sendonly\r
m=audio 49172 RTP/AVP 8 0 101\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:0 pcmu/8000/1\r
a=rtpmap:101 telephone-event/8000\r
a=fmtp:101 0-15\r
a=ptime:20\r
m=video 51372 RTP/AVP 31\r
c=IN IP4 192.0.2.102\r
a=rtpmap:31 H261/90000\r
a=inactive\r
"""


def with_line(old: bytes, new: bytes) -> bytes:
    assert old in PHONE
    return PHONE.replace(old, new)


def test_a_phones_description_is_read_in_full() -> None:
    description = sdp.parse(PHONE)
    audio, video = description.media

    assert description.origin.session_id == 2890844526
    assert description.origin.version == 2890844527
    assert (audio.kind, audio.port, audio.protocol) == ("audio", 49172, "RTP/AVP")
    assert audio.formats == ("8", "0", "101")
    assert audio.rtpmaps()[0] == RtpMap(0, "PCMU", 8000, 1)
    assert audio.rtpmaps()[101] == RtpMap(101, "TELEPHONE-EVENT", 8000)
    assert audio.values("fmtp") == ["101 0-15"]
    assert video.rtpmaps()[31] == RtpMap(31, "H261", 90000)


def test_a_section_overrides_the_session() -> None:
    description = sdp.parse(PHONE)
    audio, video = description.media

    assert description.connection_of(audio) == Connection("192.0.2.101")
    assert description.connection_of(video) == Connection("192.0.2.102")
    assert description.direction_of(audio) is Direction.SENDONLY
    assert description.direction_of(video) is Direction.INACTIVE


def test_without_a_word_the_direction_is_both() -> None:
    description = sdp.parse(with_line(b"a=sendonly\r\n", b""))

    assert description.direction_of(description.media[0]) is Direction.SENDRECV


def test_of_several_connection_lines_the_first_counts() -> None:
    doubled = with_line(
        b"c=IN IP4 192.0.2.102\r\n", b"c=IN IP4 192.0.2.7\r\nc=IN IP4 192.0.2.8\r\n"
    )
    description = sdp.parse(doubled)

    assert description.connection_of(description.media[1]) == Connection("192.0.2.7")


def test_no_connection_line_at_all_is_left_to_the_negotiation() -> None:
    description = sdp.parse(with_line(b"c=IN IP4 192.0.2.101\r\n", b""))

    assert description.connection_of(description.media[0]) is None


def test_what_was_read_is_written_the_same() -> None:
    description = sdp.parse(PHONE)

    assert sdp.parse(description.serialise()) == description
    assert description.serialise() == PHONE


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(PHONE.replace(b"\r\n", b"\n"), id="bare line feeds"),
        pytest.param(with_line(b"s=Call\r\n", b""), id="no subject"),
        pytest.param(with_line(b"t=0 0\r\n", b""), id="no time"),
        pytest.param(PHONE + b"\r\n\r\n", id="empty lines at the end"),
        pytest.param(with_line(b"s=Call", b"s=\xff\xfe"), id="a subject in no encoding"),
        pytest.param(with_line(b"s=Call", "s=热线".encode()), id="a Chinese subject"),
        pytest.param(with_line(b"m=audio 49172", b"m=audio 49172/2"), id="a number of ports"),
        pytest.param(with_line(b"a=ptime:20", b"a=rtpmap:999 x/1"), id="a broken mapping"),
        pytest.param(with_line(b"a=ptime:20", b"y=what"), id="an unknown letter"),
    ],
)
def test_careless_descriptions_are_understood(body: bytes) -> None:
    assert sdp.parse(body).media[0].port == 49172


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\r\n", id="an empty line"),
        pytest.param(b"hello", id="no SDP"),
        pytest.param(with_line(b"v=0", b"v=1"), id="another version"),
        pytest.param(PHONE.replace(b"o=alice", b"x=alice"), id="no origin"),
        pytest.param(with_line(b"s=Call", b"o=b 1 1 IN IP4 192.0.2.1"), id="two origins"),
        pytest.param(with_line(b"2890844526 2890844527", b"1"), id="a short origin"),
        pytest.param(with_line(b"2890844526", b"-1"), id="a negative session"),
        pytest.param(with_line(b"2890844526", b"9" * 21), id="a huge session"),
        pytest.param(with_line(b"2890844526", "٣".encode()), id="digits of another script"),
        pytest.param(with_line(b"c=IN IP4 192.0.2.101", b"c=IN IP4"), id="half a connection"),
        pytest.param(with_line(b"c=IN IP4 192.0.2.101", b"c=ATM X y"), id="another network"),
        pytest.param(with_line(b"49172", b"65536"), id="a port above 65535"),
        pytest.param(with_line(b"49172", b"-5"), id="a negative port"),
        pytest.param(with_line(b"49172", b"port"), id="a port of letters"),
        pytest.param(with_line(b"m=audio 49172 RTP/AVP 8 0 101", b"m=audio 49172"), id="short m="),
        pytest.param(with_line(b"m=audio", b'm="audio"'), id="a kind that is no token"),
        pytest.param(with_line(b"s=Call", b"subject"), id="a line without letter"),
        pytest.param(with_line(b"s=Call", b"s=Ca\0ll"), id="a null"),
        pytest.param(with_line(b"s=Call", b"s=Ca\rll"), id="a lonely carriage return"),
        pytest.param(PHONE + b"a=x\r\n" * MAX_LINES, id="too many lines"),
        pytest.param(PHONE + b"a=" + b"x" * MAX_BYTES, id="too many bytes"),
        pytest.param(PHONE + b"m=audio 0 RTP/AVP 0\r\n" * (MAX_MEDIA - 1), id="too many sections"),
        pytest.param(with_line(b"8 0 101", b"8 " * (MAX_FORMATS + 1)), id="too many formats"),
    ],
)
def test_malformed_descriptions_are_refused_with_400(body: bytes) -> None:
    with pytest.raises(SdpMalformed) as caught:
        sdp.parse(body)

    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [
        ("20", 20),
        ("20.5", 20),
        ("0", None),
        ("-20", None),
        ("", None),
        ("99999", None),
        ("²", None),
    ],
)
def test_packet_times_are_positive_milliseconds_or_nothing(
    value: str, milliseconds: int | None
) -> None:
    body = with_line(b"a=ptime:20", f"a=ptime:{value}".encode())

    assert sdp.parse(body).media[0].milliseconds("ptime") == milliseconds


@pytest.mark.parametrize(
    ("address", "is_hold", "is_numeric"),
    [
        ("0.0.0.0", True, True),
        ("::", True, True),
        ("192.0.2.1", False, True),
        ("2001:db8::1", False, True),
        ("phone.example.org", False, False),
    ],
)
def test_connections_know_the_null_address_and_names(
    address: str, is_hold: bool, is_numeric: bool
) -> None:
    connection = Connection(address)

    assert connection.is_hold is is_hold
    assert (connection.ip is not None) is is_numeric


@pytest.mark.parametrize("direction", list(Direction))
def test_a_direction_is_its_two_halves(direction: Direction) -> None:
    assert Direction.of(sends=direction.sends, receives=direction.receives) is direction


def test_addresses_of_both_families_are_written_with_their_type() -> None:
    assert str(Connection("2001:db8::1")) == "IN IP6 2001:db8::1"
    assert str(Connection("192.0.2.1")) == "IN IP4 192.0.2.1"


LINES = st.sampled_from([line + b"\r\n" for line in PHONE.split(b"\r\n") if line])


@given(st.lists(LINES | st.binary(max_size=40), max_size=30).map(b"".join))
def test_nothing_else_is_ever_raised(body: bytes) -> None:
    try:
        description = sdp.parse(b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n" + body)
    except SdpError:
        return
    for media in description.media:
        media.rtpmaps()
        description.direction_of(media)
        media.milliseconds("ptime")
    assert sdp.parse(description.serialise()).media == description.media
