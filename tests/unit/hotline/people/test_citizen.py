import pytest

from hotline.people.citizen import PeopleOptions, normal_mail


@pytest.mark.parametrize(
    ("address", "normal"),
    [
        (" Zhang.San@Example.ORG ", "zhang.san@example.org"),
        ("a@b", "a@b"),
        ("not an address", None),
        ("a@b@c", None),
        ("a\r\nBcc: x@example.org", None),
        ("<a@example.org>", None),
        ("", None),
        ("@example.org", None),
    ],
)
def test_a_mail_address_has_one_form(address: str, normal: str | None) -> None:
    assert normal_mail(address) == normal


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        PeopleOptions(b"short")
