import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.rtp.codec import Codec
from channels.voice.sip.sdp import NotAcceptable, SdpError, SdpMalformed, parse
from channels.voice.webrtc.description import BROWSER, LocalEnd, read_offer, write_answer

PRINT = "sha-256 " + ":".join(["AB"] * 32)

# Chromium 140, audio alone, G.711 preferred; shortened by its other candidates and codecs.
CHROMIUM = f"""v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic: WMS
m=audio 41231 UDP/TLS/RTP/SAVPF 8 0 126
c=IN IP4 192.0.2.2
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2122260223 192.0.2.2 41231 typ host generation 0
a=candidate:2 1 udp 2122194687 5f2c1f6e-2f2f.local 51231 typ host generation 0
a=candidate:3 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active generation 0
a=ice-ufrag:kGkM
a=ice-pwd:0123456789abcdefghijklmn
a=fingerprint:{PRINT}
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:126 telephone-event/8000
"""

LOCAL = LocalEnd(
    user_fragment="ours",
    password="a password of twenty-two",
    fingerprints=[("sha-256", "CD:EF")],
    candidates=["9 1 udp 1 192.0.2.9 4000 typ host"],
    session_id=7,
)


def test_an_offer_of_chromium_is_read() -> None:
    offer = read_offer(CHROMIUM)

    assert (offer.user_fragment, offer.password, offer.mid) == (
        "kGkM", "0123456789abcdefghijklmn", "0",
    )  # fmt: skip
    assert (offer.codec, offer.payload_type, offer.event) == (Codec.PCMA, 8, (126, 8000))
    assert offer.fingerprints == (("sha-256", ":".join(["AB"] * 32)),)


def test_hidden_names_and_tcp_are_no_candidates() -> None:
    offer = read_offer(CHROMIUM)

    assert [each.split()[4] for each in offer.candidates] == ["192.0.2.2"]


def test_mu_law_is_taken_where_a_law_is_missing() -> None:
    text = CHROMIUM.replace("SAVPF 8 0 126", "SAVPF 0 126")

    assert read_offer(text).terms().codec is Codec.PCMU


def test_the_terms_send_to_the_one_address_of_the_path() -> None:
    terms = read_offer(CHROMIUM).terms()

    assert (terms.remote, terms.remote_control) == (BROWSER, BROWSER)
    assert (terms.send_event_type, terms.receive_event_types) == (126, {126: 8000})


def test_the_answer_begins_the_handshake_and_names_one_way() -> None:
    answer = parse(write_answer(read_offer(CHROMIUM), LOCAL).encode())

    (audio,) = answer.media
    assert (audio.protocol, audio.formats) == ("UDP/TLS/RTP/SAVPF", ("8", "126"))
    for name, value in (
        ("setup", "active"),
        ("mid", "0"),
        ("ice-ufrag", "ours"),
        ("candidate", "9 1 udp 1 192.0.2.9 4000 typ host"),
        ("fingerprint", "sha-256 CD:EF"),
    ):
        assert audio.values(name) == [value]
    assert audio.values("rtcp-mux") == [""]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("UDP/TLS/RTP/SAVPF", "RTP/AVP", NotAcceptable),
        ("a=rtcp-mux\n", "", NotAcceptable),
        (f"a=fingerprint:{PRINT}\n", "", NotAcceptable),
        ("SAVPF 8 0 126", "SAVPF 111 126", NotAcceptable),
        ("a=setup:actpass", "a=setup:active", NotAcceptable),
        ("a=ice-pwd:0123456789abcdefghijklmn\n", "", SdpMalformed),
        ("a=ice-ufrag:kGkM\n", "a=ice-ufrag:kGkM\na=ice-ufrag:other\n", SdpMalformed),
        ("a=mid:0", "a=mid:" + "0" * 300, SdpMalformed),
    ],
    ids=["plain", "no-mux", "no-print", "no-g711", "will-begin", "no-pwd", "two-frags", "long"],
)
def test_what_cannot_be_used_is_refused(old: str, new: str, error: type[SdpError]) -> None:
    with pytest.raises(error):
        read_offer(CHROMIUM.replace(old, new))


def test_too_many_candidates_are_refused() -> None:
    line = "a=candidate:1 1 udp 2122260223 192.0.2.2 41231 typ host generation 0\n"

    with pytest.raises(SdpMalformed):
        read_offer(CHROMIUM.replace(line, line * 40))


def test_a_description_without_end_is_refused_before_it_is_read() -> None:
    with pytest.raises(SdpMalformed):
        read_offer(CHROMIUM + "a=x:" + "y" * 40_000)


@given(st.text(max_size=400), st.integers(0, len(CHROMIUM)))
def test_mutated_offers_raise_nothing_but_their_own_error(text: str, at: int) -> None:
    try:
        read_offer(CHROMIUM[:at] + text + CHROMIUM[at + len(text) :])
    except SdpError:
        return
