"""URIs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.sip.errors import PeerError
from channels.voice.sip.uri import Uri, host_port, parse_host_port


@pytest.mark.parametrize(
    "text",
    [
        "sip:12345@192.0.2.1",
        "sip:12345@192.0.2.1:5070;transport=TCP",
        "sips:alice@example.com",
        "sip:example.com",
        "sip:[2001:db8::1]:5060;lr",
        "sip:alice:secret@example.com;a;b=c?subject=x",
        "sip:user;par=u%40example.net@example.com",
        "tel:+861012345;phone-context=example.com",
        "urn:service:sos",
    ],
)
def test_a_uri_is_written_as_it_was_read(text: str) -> None:
    assert str(Uri.parse(text)) == text


def test_the_parts_of_a_uri_are_told_apart() -> None:
    uri = Uri.parse("SIP:+86-10-%31234:pw@EXAMPLE.com:5070;Transport=UDP;lr?x=y")

    assert (uri.scheme, uri.user, uri.number) == ("sip", "+86-10-1234", "+86101234")
    assert (uri.host, uri.port) == ("example.com", 5070)
    assert (uri.param("transport"), uri.param("lr"), uri.param("none")) == ("UDP", "", None)


def test_a_telephone_uri_is_a_number() -> None:
    uri = Uri.parse("tel:+86(10)1234-5678;ext=9")

    assert (uri.number, uri.host, uri.param("ext")) == ("+861012345678", "", "9")


def test_an_address_of_record_has_no_port_and_no_parameters() -> None:
    uri = Uri.parse("sips:8001@Example.com:5061;transport=tcp")

    assert uri.address_of_record == "8001@example.com"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        "12345",
        "sip:@example.com",
        "sip:a b@example.com",
        "sip:a@exa mple.com",
        "sip:a@",
        "sip:a@host:0",
        "sip:a@host:65536",
        "sip:a@host:port",
        "sip:a@host:",
        "sip:a@[2001:db8::1",
        "sip:a@[2001:db8::1]x",
        "sip:a@[zz]",
        "sip:a@host\r\nVia: x",
        'sip:"a"@host',
        "<sip:a@host>",
        "tel:",
        "tel:abc@xyz",
        "1sip:a@host",
    ],
)
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(PeerError) as caught:
        Uri.parse(text)

    assert caught.value.status == 400


def test_a_uri_that_is_too_long_is_refused_as_such() -> None:
    with pytest.raises(PeerError) as caught:
        Uri.parse("sip:" + "a" * 3000 + "@example.com")

    assert caught.value.status == 414


@given(st.text(max_size=60))
def test_any_text_is_a_uri_or_is_refused(text: str) -> None:
    try:
        uri = Uri.parse(f"sip:{text}")
    except PeerError:
        return

    assert Uri.parse(str(uri)) == uri


def test_an_ipv6_host_has_brackets_only_in_writing() -> None:
    assert parse_host_port("[2001:DB8::1]:5060") == ("2001:db8::1", 5060)
    assert parse_host_port("[::1]") == ("::1", None)
    assert host_port("::1", 5060) == "[::1]:5060"
    assert host_port("example.com", None) == "example.com"


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("sip:8001%00@h", "8001%00"),
        ("sip:8001%0d%0a@h", "8001%0d%0a"),
        ("sip:%E5%BC%A0@h", "张"),
        ("sip:%ff@h", "\ufffd"),
    ],
)
def test_what_cannot_be_printed_stays_escaped(text: str, user: str) -> None:
    """RFC 4475 3.1.1.4: a NUL in a name is legal, and must not end in a log or a table."""
    assert Uri.parse(text).user == user
