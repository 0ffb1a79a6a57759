"""Values of header fields."""

from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.errors import PeerError
from channels.voice.sip.headers import (
    CSeq,
    NameAddress,
    Via,
    parse_number,
    parse_params,
    quote,
    split_list,
    tag_of,
    unquote,
)

SOURCE = Hop(Transport.UDP, "192.0.2.7", 40000)


@pytest.mark.parametrize(
    ("text", "display", "uri", "tag"),
    [
        ("<sip:a@b>", "", "sip:a@b", None),
        ("<sip:a@b;x=y>;tag=1", "", "sip:a@b;x=y", "1"),
        ("sip:a@b;tag=2", "", "sip:a@b", "2"),
        ("Li Lei <sip:a@b>;tag=3", "Li Lei", "sip:a@b", "3"),
        ('"Li, \\"Lei\\" <x>" <sip:a@b> ; TAG = 4', 'Li, "Lei" <x>', "sip:a@b", "4"),
        ("张三 <sip:a@b>", "张三", "sip:a@b", None),
    ],
)
def test_an_address_has_a_name_a_uri_and_parameters(
    text: str, display: str, uri: str, tag: str | None
) -> None:
    address = NameAddress.parse(text)

    assert (address.display, str(address.uri), address.param("tag")) == (display, uri, tag)
    assert tag_of(text) == (tag or "")


@pytest.mark.parametrize(
    "text",
    ["", "<>", "<sip:a@b", '"open <sip:a@b>', '"x" sip:a@b', "<sip:a@b> x", "sip:a@b?x=y"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(PeerError):
        NameAddress.parse(text)


def test_an_address_is_written_with_its_name_quoted() -> None:
    address = NameAddress.parse('"a \\"b\\"" <sip:c@d>;tag=1;x')

    assert str(address) == '"a \\"b\\"" <sip:c@d>;tag=1;x'


def test_the_flag_parameter_of_an_address_is_empty_text() -> None:
    assert NameAddress.parse("<sip:a@b>;x").param("x") == ""


def test_a_via_is_told_apart() -> None:
    via = Via.parse("SIP/2.0/udp [2001:db8::9]:5070;rport;branch=z9hG4bK1;received=192.0.2.1")

    assert via[:3] == ("UDP", "2001:db8::9", 5070)
    assert via.branch == "z9hG4bK1"
    assert str(via) == ("SIP/2.0/UDP [2001:db8::9]:5070;rport;branch=z9hG4bK1;received=192.0.2.1")


@pytest.mark.parametrize(
    "text", ["", "SIP/2.0/UDP", "UDP host", "HTTP/1.1/TCP host", "SIP/2.0/UDP h:99999", "a b c"]
)
def test_what_is_no_via_is_refused(text: str) -> None:
    with pytest.raises(PeerError):
        Via.parse(text)


@pytest.mark.parametrize(
    "text", ["SIP / 2.0 / UDP\thost : 5070 ;branch=x", "SIP/2.0/UDP host :5070"]
)
def test_white_space_in_a_via_means_nothing(text: str) -> None:
    assert Via.parse(text)[:3] == ("UDP", "host", 5070)


def test_a_via_that_tells_the_truth_is_left_alone() -> None:
    via = Via.parse("SIP/2.0/UDP 192.0.2.7:5060;branch=x")

    assert via.stamped(SOURCE) is via
    assert via.reply_hop(SOURCE) == Hop(Transport.UDP, "192.0.2.7", 5060)


def test_a_via_gets_the_address_it_came_from() -> None:
    via = Via.parse("SIP/2.0/UDP 10.0.0.1;branch=x").stamped(SOURCE)

    assert str(via) == "SIP/2.0/UDP 10.0.0.1;branch=x;received=192.0.2.7"
    assert via.reply_hop(SOURCE) == Hop(Transport.UDP, "192.0.2.7", 5060)


def test_rport_brings_the_answer_back_to_the_port_it_came_from() -> None:
    via = Via.parse("SIP/2.0/UDP 10.0.0.1;rport;branch=x").stamped(SOURCE)

    assert str(via) == "SIP/2.0/UDP 10.0.0.1;rport=40000;branch=x;received=192.0.2.7"
    assert via.reply_hop(SOURCE) == SOURCE


def test_an_answer_over_tcp_goes_back_over_its_connection() -> None:
    source = SOURCE._replace(transport=Transport.TCP)

    assert Via.parse("SIP/2.0/TCP 10.0.0.1;branch=x").reply_hop(source) == source


def test_maddr_does_not_point_answers_at_others() -> None:
    via = Via.parse("SIP/2.0/UDP 192.0.2.7;maddr=203.0.113.1;branch=x")

    assert via.reply_hop(SOURCE).host == "192.0.2.7"


@pytest.mark.parametrize("text", ["", "1", "INVITE", "-1 INVITE", "2147483648 INVITE", "1 A B"])
def test_what_is_no_cseq_is_refused(text: str) -> None:
    with pytest.raises(PeerError):
        CSeq.parse(text)


def test_a_number_has_a_limit() -> None:
    assert parse_number("70", 255, "x") == 70
    for text in ("256", "", "-1", "1.5", "٣", "9" * 5000):
        with pytest.raises(PeerError):
            parse_number(text, 255, "x")


def test_commas_in_quotes_and_brackets_do_not_split() -> None:
    text = '"a,b" <sip:c@d;x=1,2>;p="q,r", <sip:e@f> ,, sip:g@h'

    assert split_list(text) == ['"a,b" <sip:c@d;x=1,2>;p="q,r"', "<sip:e@f>", "sip:g@h"]


def test_a_list_has_a_limit() -> None:
    with pytest.raises(PeerError):
        split_list("a," * 200)


def test_semicolons_in_quotes_do_not_split() -> None:
    assert parse_params('a="1;2";B;;c = d') == (("a", '"1;2"'), ("b", None), ("c", "d"))


def test_parameters_have_a_limit() -> None:
    with pytest.raises(PeerError):
        parse_params(";a" * 200)


@given(st.text(max_size=40))
def test_what_is_quoted_can_be_unquoted(text: str) -> None:
    assert unquote(quote(text)) == text


@given(st.text(alphabet='a",;<>\\= ', max_size=60))
def test_no_text_hurts_the_parsers_of_values(text: str) -> None:
    for parse in (NameAddress.parse, Via.parse, CSeq.parse, split_list, parse_params, tag_of):
        try:
            parse(text)
        except PeerError:
            continue


@pytest.mark.parametrize("piece", ['"\\"', '\\"', '"",', '"', "<>,", ";", '\\\\"', "<"])
def test_a_long_evil_value_takes_no_long_time(piece: str) -> None:
    text = '"' + piece * (8000 // len(piece))
    started = thread_time()

    test_no_text_hurts_the_parsers_of_values.hypothesis.inner_test(text)  # type: ignore[attr-defined]

    assert thread_time() - started < 1
