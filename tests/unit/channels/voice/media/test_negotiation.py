from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.media.negotiation import LocalEnd, Negotiator
from channels.voice.rtp.codec import Codec
from channels.voice.sip import sdp
from channels.voice.sip.sdp import Direction, NotAcceptable, SdpError

OURS = LocalEnd("192.0.2.10", 40_000, 77)
BOTH = {8: Codec.PCMA, 0: Codec.PCMU}


def offer(*audio: str, media: str = "m=audio 5004 RTP/AVP 8 0 101", head: str = "") -> bytes:
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 192.0.2.1",
        "s=-",
        head or "c=IN IP4 192.0.2.1",
        "t=0 0",
        media,
        "a=rtpmap:101 telephone-event/8000",
        *audio,
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def answered(body: bytes) -> sdp.SessionDescription:
    _, answer = Negotiator(OURS).answer(body)
    return sdp.parse(answer)


def test_the_answer_names_our_end_the_codec_and_the_events() -> None:
    terms, answer = Negotiator(OURS).answer(offer())

    assert answer.decode().split("\r\n") == [
        "v=0",
        "o=- 77 1 IN IP4 192.0.2.10",
        "s=-",
        "c=IN IP4 192.0.2.10",
        "t=0 0",
        "m=audio 40000 RTP/AVP 8 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
        "",
    ]
    assert (terms.codec, terms.send_type, terms.send_event_type) == (Codec.PCMA, 8, 101)
    assert (terms.remote, terms.remote_control) == (("192.0.2.1", 5004), ("192.0.2.1", 5005))
    assert (terms.sends, terms.receives) == (True, True)


def test_our_offer_prefers_a_law() -> None:
    description = sdp.parse(Negotiator(OURS).offer())

    assert description.media[0].formats == ("8", "0", "101")
    assert description.direction_of(description.media[0]) is Direction.SENDRECV


@pytest.mark.parametrize(
    ("media", "attributes", "codec", "send_type", "events"),
    [
        pytest.param("8 0 101", [], Codec.PCMA, 8, 101, id="A-law first"),
        pytest.param("0 8 101", [], Codec.PCMU, 0, 101, id="mu-law first"),
        pytest.param("18 4 0 101", [], Codec.PCMU, 0, 101, id="G.729 and G.723 are passed over"),
        pytest.param("96 8", ["a=rtpmap:96 PCMU/8000"], Codec.PCMU, 96, None, id="dynamic mu-law"),
        pytest.param("8", [], Codec.PCMA, 8, None, id="no events"),
        pytest.param("8 13 101", ["a=rtpmap:13 CN/8000"], Codec.PCMA, 8, 101, id="comfort noise"),
        pytest.param(
            "8 96", ["a=rtpmap:96 telephone-event/48000"], Codec.PCMA, 8, None, id="48 kHz"
        ),
        pytest.param(
            "9 8 97", ["a=rtpmap:97 telephone-event/8000/1"], Codec.PCMA, 8, 97, id="events at 97"
        ),
        pytest.param("0 8", ["a=rtpmap:0 G726-32/8000"], Codec.PCMA, 8, None, id="0 mapped anew"),
        pytest.param("8 0", ["a=rtpmap:8 PCMA/8000/2"], Codec.PCMU, 0, None, id="stereo A-law"),
        pytest.param("x 8 ٨ 300", [], Codec.PCMA, 8, None, id="formats that are no numbers"),
    ],
)
def test_the_first_law_of_the_caller_is_taken(
    media: str, attributes: list[str], codec: Codec, send_type: int, events: int | None
) -> None:
    terms, _ = Negotiator(OURS).answer(offer(*attributes, media=f"m=audio 5004 RTP/AVP {media}"))

    assert (terms.codec, terms.send_type, terms.send_event_type) == (codec, send_type, events)


@pytest.mark.parametrize(
    ("theirs", "wish", "ours"),
    [
        ("sendrecv", Direction.SENDRECV, Direction.SENDRECV),
        ("sendonly", Direction.SENDRECV, Direction.RECVONLY),
        ("recvonly", Direction.SENDRECV, Direction.SENDONLY),
        ("inactive", Direction.SENDRECV, Direction.INACTIVE),
        ("sendrecv", Direction.SENDONLY, Direction.SENDONLY),
        ("sendonly", Direction.SENDONLY, Direction.INACTIVE),
        ("sendrecv", Direction.INACTIVE, Direction.INACTIVE),
    ],
)
def test_the_answered_direction_is_what_both_want(
    theirs: str, wish: Direction, ours: Direction
) -> None:
    negotiator = Negotiator(OURS, wish)

    terms, answer = negotiator.answer(offer(f"a={theirs}"))

    description = sdp.parse(answer)
    assert description.direction_of(description.media[0]) is ours
    assert (terms.sends, terms.receives) == (ours.sends, ours.receives)
    assert negotiator.direction is ours


@pytest.mark.parametrize(
    ("theirs", "ours"), [("sendrecv", Direction.RECVONLY), ("inactive", Direction.INACTIVE)]
)
def test_the_null_address_is_a_hold(theirs: str, ours: Direction) -> None:
    terms, answer = Negotiator(OURS).answer(offer(f"a={theirs}", head="c=IN IP4 0.0.0.0"))

    description = sdp.parse(answer)
    assert description.direction_of(description.media[0]) is ours
    assert (terms.remote, terms.remote_control, terms.sends) == (None, None, False)


def test_everything_but_one_audio_stream_is_rejected_in_its_place() -> None:
    extra = ("m=video 5006 RTP/AVP 96", "m=audio 5008 RTP/AVP 8", "m=image 5010 udptl t38")
    first = "m=video 5000 RTP/AVP 31\r\nm=audio 5004 RTP/AVP 8"

    media = answered(offer(*extra, media=first)).media

    assert [(m.kind, m.port) for m in media] == [
        ("video", 0),
        ("audio", 40_000),
        ("video", 0),
        ("audio", 0),
        ("image", 0),
    ]
    assert media[4].formats == ("t38",)
    assert media[2].protocol == "RTP/AVP"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(offer(media="m=audio 5004 RTP/AVP 18"), id="no G.711"),
        pytest.param(offer(media="m=audio 0 RTP/AVP 8"), id="audio removed"),
        pytest.param(offer(media="m=audio 5004 RTP/SAVP 8"), id="encryption demanded"),
        pytest.param(offer(media="m=image 5004 udptl t38"), id="only fax"),
        pytest.param(offer(head="a=nothing"), id="no address"),
        pytest.param(offer(head="c=IN IP4 224.2.1.1/127"), id="multicast"),
        pytest.param(offer(head="c=IN IP4 255.255.255.255"), id="broadcast"),
        pytest.param(offer(head="c=IN IP4 phone.example.org"), id="a host name"),
        pytest.param(offer(head="c=IN IP6 2001:db8::1"), id="the other family"),
        pytest.param(b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n", id="no media"),
    ],
)
def test_an_offer_that_we_cannot_do_is_not_acceptable(body: bytes) -> None:
    with pytest.raises(NotAcceptable) as caught:
        Negotiator(OURS).answer(body)

    assert caught.value.status == 488


def test_a_renegotiation_that_fails_changes_nothing() -> None:
    negotiator = Negotiator(OURS)
    terms, _ = negotiator.answer(offer())
    direction = negotiator.direction

    with pytest.raises(NotAcceptable):
        negotiator.answer(offer(media="m=image 5004 udptl t38"))

    assert negotiator.terms == terms
    assert negotiator.direction is direction


def test_the_version_grows_with_a_change_and_only_then() -> None:
    negotiator = Negotiator(OURS)
    bodies = [
        negotiator.answer(offer())[1],
        negotiator.answer(offer())[1],
        negotiator.answer(offer("a=sendonly"))[1],
        negotiator.offer(),
        negotiator.offer(Direction.SENDONLY),
    ]

    assert [sdp.parse(body).origin.version for body in bodies] == [1, 1, 2, 3, 4]
    assert {sdp.parse(body).origin.session_id for body in bodies} == {77}


def test_the_answer_to_our_offer_settles_codec_and_payload_types() -> None:
    negotiator = Negotiator(OURS)
    negotiator.offer()

    terms = negotiator.accept_answer(
        offer("a=rtpmap:96 telephone-event/8000", media="m=audio 6000 RTP/AVP 0 96")
    )

    assert (terms.codec, terms.send_type, terms.send_event_type) == (Codec.PCMU, 0, 96)
    assert terms.receive_types == BOTH
    assert terms.receive_event_types == {96: 8000, 101: 8000}
    assert terms.remote == ("192.0.2.1", 6000)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(offer(media="m=audio 0 RTP/AVP 8"), id="rejected"),
        pytest.param(offer(media="m=audio 5004 RTP/AVP 18"), id="another codec"),
        pytest.param(b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n", id="no section"),
        pytest.param(b"busy", id="no SDP"),
    ],
)
def test_an_answer_without_agreement_is_an_error(body: bytes) -> None:
    negotiator = Negotiator(OURS)
    negotiator.offer()

    with pytest.raises(SdpError):
        negotiator.accept_answer(body)

    assert negotiator.terms is None


def test_a_second_answer_replaces_the_first() -> None:
    negotiator = Negotiator(OURS)
    negotiator.offer()
    negotiator.accept_answer(offer())

    terms = negotiator.accept_answer(offer(media="m=audio 7000 RTP/AVP 8"))

    assert terms.remote == ("192.0.2.1", 7000)


def test_another_fork_answers_our_offer_after_the_first_has_made_one_itself() -> None:
    """RFC 3311: who rings may move its sound, and then another may be the one that answers."""
    negotiator = Negotiator(OURS)
    negotiator.offer()
    negotiator.accept_answer(offer())
    moved, _ = negotiator.answer(offer(media="m=audio 6000 RTP/AVP 8"))

    terms = negotiator.accept_answer(offer(media="m=audio 7000 RTP/AVP 8"))

    assert moved.remote == ("192.0.2.1", 6000)
    assert terms.remote == ("192.0.2.1", 7000)


def test_an_answer_to_nothing_is_refused() -> None:
    negotiator = Negotiator(OURS)
    negotiator.answer(offer())

    with pytest.raises(NotAcceptable, match="no offer of ours"):
        negotiator.accept_answer(offer())


def test_our_hold_counts_only_once_it_is_answered() -> None:
    negotiator = Negotiator(OURS)
    negotiator.answer(offer())

    negotiator.offer(Direction.SENDONLY)
    before = negotiator.direction
    terms = negotiator.accept_answer(offer("a=recvonly"))

    assert before is Direction.SENDRECV
    assert negotiator.direction is Direction.SENDONLY
    assert (terms.sends, terms.receives) == (True, False)
    refreshed = sdp.parse(negotiator.offer())
    assert refreshed.direction_of(refreshed.media[0]) is Direction.SENDONLY


def test_an_offer_within_the_session_keeps_sections_and_payload_types() -> None:
    negotiator = Negotiator(OURS)
    media = "m=video 5006 RTP/AVP 31\r\nm=audio 5004 RTP/AVP 0 97"
    negotiator.answer(offer("a=rtpmap:97 telephone-event/8000", media=media))

    description = sdp.parse(negotiator.offer())

    assert [(m.kind, m.port) for m in description.media] == [("video", 0), ("audio", 40_000)]
    assert description.media[1].formats == ("0", "8", "97")


@pytest.mark.parametrize(
    ("attribute", "control"),
    [
        ("a=rtcp:5999", ("192.0.2.1", 5999)),
        ("a=rtcp:5999 IN IP4 198.51.100.1", ("192.0.2.1", 5999)),
        ("a=rtcp:0", ("192.0.2.1", 5005)),
        ("a=rtcp:99999", ("192.0.2.1", 5005)),
        ("a=rtcp", ("192.0.2.1", 5005)),
    ],
)
def test_reports_go_where_the_offer_says(attribute: str, control: tuple[str, int]) -> None:
    terms, _ = Negotiator(OURS).answer(offer(attribute))

    assert terms.remote_control == control


def test_beside_the_highest_port_there_is_none_for_reports() -> None:
    terms, _ = Negotiator(OURS).answer(offer(media="m=audio 65535 RTP/AVP 8"))

    assert terms.remote_control is None


@pytest.mark.parametrize(
    ("attributes", "frames"),
    [
        ([], 1),
        (["a=ptime:10"], 1),
        (["a=ptime:30"], 1),
        (["a=ptime:40"], 2),
        (["a=ptime:60"], 3),
        (["a=ptime:200"], 3),
        (["a=ptime:60", "a=maxptime:40"], 2),
        (["a=maxptime:150"], 1),
    ],
)
def test_packets_are_as_long_as_the_remote_wants(attributes: list[str], frames: int) -> None:
    terms, _ = Negotiator(OURS).answer(offer(*attributes))

    assert terms.packet_frames == frames


def test_two_of_us_come_to_the_same_terms() -> None:
    caller, callee = Negotiator(OURS), Negotiator(replace(OURS, port=50_000))

    called, answer = callee.answer(caller.offer())
    calling = caller.accept_answer(answer)

    assert (calling.codec, calling.send_type) == (called.codec, called.send_type)
    assert (calling.remote, called.remote) == (("192.0.2.10", 50_000), ("192.0.2.10", 40_000))
    assert calling.send_event_type == called.send_event_type == 101


PARTS = st.sampled_from(
    [
        "m=audio 5004 RTP/AVP 8 0 101",
        "m=audio 0 RTP/AVP 0",
        "m=video 1 RTP/AVP 96",
        "c=IN IP4 192.0.2.9",
        "c=IN IP4 0.0.0.0",
        "c=IN IP6 ::",
        "a=sendonly",
        "a=rtpmap:8 G729/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=ptime:40",
        "a=rtcp:",
        "a=rtcp:5 6 7",
    ]
)


@given(st.lists(PARTS, max_size=12), st.lists(PARTS, max_size=12))
def test_whatever_is_offered_we_answer_it_whole_or_refuse_it(
    first: list[str], second: list[str]
) -> None:
    negotiator = Negotiator(OURS)
    for parts in (first, second):
        body = "\r\n".join(["v=0", "o=- 1 1 IN IP4 192.0.2.1", *parts]).encode()
        try:
            _, answer = negotiator.answer(body)
        except SdpError:
            continue
        media = sdp.parse(answer).media
        assert [m.kind for m in media] == [m.kind for m in sdp.parse(body).media]
        assert [m.port for m in media if m.port] == [40_000]
