"""How a citizen is shown on a seat's phone."""

import pytest

from channels.voice.seat_ring import Caller
from channels.voice.sip.headers import NameAddress


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13800001234", "138****1234"),
        (None, "anonymous"),
        ('1380000123"', '138****123"'),
        ("1380000123\\", "138****123\\"),
    ],
)
@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_whatever_a_caller_writes_for_its_number_is_an_address(
    number: str | None, shown: str, host: str
) -> None:
    """RFC 3261 25.1: a quote in a number (`%22` in its URI) ends no display name."""
    address = NameAddress.parse(Caller("12345", number).address(host))

    assert (address.display, address.uri.user, address.uri.host) == (shown, "12345", host)
