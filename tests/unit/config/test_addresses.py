"""Addresses and ranges of ports as an operator writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.addresses import Address, PortRange


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("0.0.0.0:25", Address("0.0.0.0", 25)),
        ("[::1]:5060", Address("::1", 5060)),
        ("hotline.example.org:0", Address("hotline.example.org", 0)),
    ],
)
def test_an_address_is_read_and_written_alike(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert str(address) == text


@pytest.mark.parametrize("text", ["", "8080", ":8080", "host:", "host:http", "host:65536"])
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not HOST:PORT, for example 127\.0\.0\.1:8080"):
        Address.parse(text)


@pytest.mark.parametrize(("host", "expected"), [("0.0.0.0", True), ("::", True), ("::1", False)])
def test_a_wildcard_is_known_by_its_address(host: str, expected: bool) -> None:
    assert Address(host, 5060).is_wildcard is expected


def test_a_host_name_is_no_wildcard() -> None:
    assert not Address("hotline.example.org", 5060).is_wildcard


def test_a_range_of_ports_is_read_and_written_alike() -> None:
    assert PortRange.parse("16384-17383") == PortRange(16384, 17383)
    assert str(PortRange(16384, 17383)) == "16384-17383"


@pytest.mark.parametrize(
    "text", ["16384", "a-b", "20000-10000", "1-2000", "20000-20002", "65000-65536"]
)
def test_a_range_that_could_carry_no_call_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not FIRST-LAST|must hold at least 4 ports"):
        PortRange.parse(text)


@given(st.text())
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        address = Address.parse(text)
    except ValueError:
        return
    assert Address.parse(str(address)) == address
