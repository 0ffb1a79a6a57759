from base64 import b64encode

import pytest

from channels.voice.media.negotiation import LocalEnd, Negotiator
from channels.voice.media.sdes import KeysInClear, Srtp, cryptos_of
from channels.voice.rtp.srtp import Suite
from channels.voice.sip import sdp
from channels.voice.sip.address import Transport
from channels.voice.sip.sdp import Attribute, Media, NotAcceptable

THEIRS = bytes(range(30))
INLINE = f"inline:{b64encode(THEIRS).decode()}"
LINE = f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}"


def negotiator(srtp: Srtp) -> Negotiator:
    keys = iter(bytes([number]) * 30 for number in range(100, 110))
    return Negotiator(LocalEnd("192.0.2.10", 40_000, 77, srtp=srtp, new_key=lambda _: next(keys)))


def body(*media: str) -> bytes:
    head = ["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"]
    return "".join(f"{line}\r\n" for line in (*head, *media)).encode()


def offer(*crypto: str, protocol: str = "RTP/SAVP") -> bytes:
    return body(f"m=audio 5004 {protocol} 8", *(f"a=crypto:{line}" for line in crypto))


def section(answer: bytes) -> Media:
    return sdp.parse(answer).media[0]


@pytest.mark.parametrize("srtp", [Srtp.OPTIONAL, Srtp.REQUIRED])
def test_an_offer_with_a_key_is_answered_with_a_key_of_ours(srtp: Srtp) -> None:
    """Issue B 1: SRTP with SDES (RFC 4568)."""
    terms, answer = negotiator(srtp).answer(offer(LINE))

    assert terms.srtp is not None
    assert (terms.srtp.suite, terms.srtp.theirs) == (Suite.SHA1_80, THEIRS)
    [crypto] = cryptos_of(section(answer))
    assert (crypto.tag, crypto.suite, crypto.master) == (1, Suite.SHA1_80, terms.srtp.ours)
    assert section(answer).protocol == "RTP/SAVP"
    assert terms.srtp.ours != terms.srtp.theirs


def test_no_key_is_shown_by_what_is_logged() -> None:
    """Issue B 1: keys are never logged."""
    bargain = negotiator(Srtp.OPTIONAL)
    terms, answer = bargain.answer(offer(LINE))
    [crypto] = cryptos_of(section(answer))

    assert terms.srtp is not None
    shown = repr((terms, bargain, crypto))
    for key in (terms.srtp.ours, terms.srtp.theirs):
        assert repr(key) not in shown
        assert b64encode(key).decode() not in shown


def test_the_line_that_is_taken_keeps_its_number() -> None:
    unknown = f"1 AEAD_AES_256_GCM {INLINE}"
    short = f"7 AES_CM_128_HMAC_SHA1_32 {INLINE}|2^20"
    terms, answer = negotiator(Srtp.OPTIONAL).answer(offer(unknown, short, LINE))

    [crypto] = cryptos_of(section(answer))
    assert (crypto.tag, crypto.suite) == (7, Suite.SHA1_32)
    assert terms.srtp is not None


@pytest.mark.parametrize(
    "line",
    [
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} UNENCRYPTED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} UNAUTHENTICATED_SRTP",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE} KDR=1",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE}|2^20|1:4",
        f"1 AES_CM_128_HMAC_SHA1_80 {INLINE};{INLINE}",
        "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
        "1 AES_CM_128_HMAC_SHA1_80 inline:????",
        f"1 F8_128_HMAC_SHA1_80 {INLINE}",
        f"x AES_CM_128_HMAC_SHA1_80 {INLINE}",
        "1 AES_CM_128_HMAC_SHA1_80",
        "",
    ],
)
def test_a_line_that_weakens_or_breaks_the_protection_is_not_taken(line: str) -> None:
    with pytest.raises(NotAcceptable, match="no key of a suite of ours"):
        negotiator(Srtp.OPTIONAL).answer(offer(line))


@pytest.mark.parametrize("parameters", ["WSH=64", "-MYOWN", "WSH=64 -MYOWN"])
def test_a_hint_does_not_spoil_a_line(parameters: str) -> None:
    terms, _ = negotiator(Srtp.OPTIONAL).answer(offer(f"{LINE} {parameters}"))

    assert terms.srtp is not None


def test_srtp_is_refused_where_it_is_off() -> None:
    with pytest.raises(NotAcceptable, match="over TLS"):
        negotiator(Srtp.OFF).answer(offer(LINE))


def test_plain_sound_is_refused_where_srtp_is_required() -> None:
    with pytest.raises(NotAcceptable, match="only protected sound"):
        negotiator(Srtp.REQUIRED).answer(offer(protocol="RTP/AVP"))


def test_of_two_sections_the_protected_one_is_taken() -> None:
    both = body("m=audio 5004 RTP/AVP 8", "m=audio 5006 RTP/SAVP 8", f"a=crypto:{LINE}")
    terms, answer = negotiator(Srtp.OPTIONAL).answer(both)
    plain, _ = negotiator(Srtp.OFF).answer(both)

    assert [m.port for m in sdp.parse(answer).media] == [0, 40_000]
    assert (terms.remote, terms.srtp is None) == (("192.0.2.1", 5006), False)
    assert (plain.remote, plain.srtp) == (("192.0.2.1", 5004), None)


def test_a_key_in_a_plain_section_is_taken_where_it_stands() -> None:
    """RFC 8643: opportunistic."""
    terms, answer = negotiator(Srtp.OPTIONAL).answer(offer(LINE, protocol="RTP/AVP"))

    assert terms.srtp is not None
    assert section(answer).protocol == "RTP/AVP"
    assert cryptos_of(section(answer))


@pytest.mark.parametrize(
    ("srtp", "protocol", "has_key"),
    [
        (Srtp.OFF, "RTP/AVP", False),
        (Srtp.OPTIONAL, "RTP/AVP", True),
        (Srtp.REQUIRED, "RTP/SAVP", True),
    ],
)
def test_what_we_offer(srtp: Srtp, protocol: str, has_key: bool) -> None:
    ours = section(negotiator(srtp).offer())

    assert ours.protocol == protocol
    assert bool(cryptos_of(ours)) is has_key


def test_an_answer_agrees_on_the_key_of_our_line() -> None:
    bargain = negotiator(Srtp.REQUIRED)
    [ours] = cryptos_of(section(bargain.offer()))
    terms = bargain.accept_answer(offer(LINE))

    assert terms.srtp is not None
    assert (terms.srtp.ours, terms.srtp.theirs) == (ours.master, THEIRS)


@pytest.mark.parametrize(
    "answer",
    [offer(), offer(LINE.replace("1 ", "2 ", 1)), offer(LINE.replace("_80", "_32"))],
)
def test_an_answer_without_the_key_that_we_asked_for_is_no_answer(answer: bytes) -> None:
    bargain = negotiator(Srtp.REQUIRED)
    bargain.offer()
    with pytest.raises(NotAcceptable, match="no key for the line"):
        bargain.accept_answer(answer)


def test_an_answer_cannot_change_the_protocol() -> None:
    bargain = negotiator(Srtp.REQUIRED)
    bargain.offer()
    with pytest.raises(NotAcceptable, match="another protocol"):
        bargain.accept_answer(offer(LINE, protocol="RTP/AVP"))


def test_an_answer_without_a_key_leaves_an_optional_offer_plain() -> None:
    bargain = negotiator(Srtp.OPTIONAL)
    bargain.offer()

    assert bargain.accept_answer(offer(protocol="RTP/AVP")).srtp is None
    assert cryptos_of(section(bargain.offer())) == []


def test_our_key_stays_through_hold_and_theirs_may_change() -> None:
    bargain = negotiator(Srtp.OPTIONAL)
    first, _ = bargain.answer(offer(LINE))
    other = bytes(reversed(THEIRS))
    second, _ = bargain.answer(offer(LINE.replace(INLINE, f"inline:{b64encode(other).decode()}")))
    [ours] = cryptos_of(section(bargain.offer()))

    assert first.srtp is not None
    assert second.srtp is not None
    assert first.srtp.ours == second.srtp.ours == ours.master
    assert second.srtp.theirs == other


def test_another_suite_means_another_key_of_ours() -> None:
    bargain = negotiator(Srtp.OPTIONAL)
    first, _ = bargain.answer(offer(LINE))
    second, _ = bargain.answer(offer(LINE.replace("_80", "_32")))

    assert first.srtp is not None
    assert second.srtp is not None
    assert first.srtp.ours != second.srtp.ours


def test_what_is_protected_stays_so() -> None:
    bargain = negotiator(Srtp.OPTIONAL)
    terms, _ = bargain.answer(offer(LINE))
    with pytest.raises(NotAcceptable, match="only protected sound"):
        bargain.answer(offer(protocol="RTP/AVP"))

    assert bargain.terms == terms


@pytest.mark.parametrize("transport", [Transport.TLS, Transport.WSS])
@pytest.mark.parametrize("srtp", list(Srtp))
def test_the_setting_holds_where_signalling_is_encrypted(srtp: Srtp, transport: Transport) -> None:
    assert srtp.over(transport) is srtp


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP, Transport.WS])
def test_no_key_travels_in_clear(transport: Transport) -> None:
    """Issue B 1: SRTP with SDES over TLS only."""
    assert Srtp.OPTIONAL.over(transport) is Srtp.OFF
    with pytest.raises(KeysInClear, match="need TLS"):
        Srtp.REQUIRED.over(transport)


def test_the_attribute_is_written_as_it_is_read() -> None:
    media = Media("audio", 1, "RTP/SAVP", ("8",), (), (Attribute("crypto", LINE),))
    [crypto] = cryptos_of(media)

    assert crypto.attribute() == media.attributes[0]
