"""What is left of personal data when it is shown (R88)."""

import pytest

from hotline.kernel.privacy import blind_index, mask_email, mask_name, mask_phone, mask_text


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13800001234", "138****1234"),
        ("+8613800001234", "+86*******1234"),
        ("01000001234", "010****1234"),
        ("68310000", "6***0000"),
        ("12345", "12345"),  # a service, not a person
        ("", ""),
    ],
)
def test_a_number_is_masked_in_its_middle(number: str, shown: str):
    assert mask_phone(number) == shown


@pytest.mark.parametrize(
    ("address", "shown"), [("wang.li@example.org", "w***@example.org"), ("nonsense", "***")]
)
def test_an_address_keeps_its_first_letter_and_its_host(address: str, shown: str):
    assert mask_email(address) == shown


def test_a_name_keeps_the_family_name():
    assert mask_name("张小三") == "张**"


def test_numbers_and_addresses_inside_a_text_are_masked():
    text = "请回电13800001234或 li@example.org,案卷 26031100001"

    masked = mask_text(text)

    assert "13800001234" not in masked
    assert "li@example.org" not in masked


@pytest.mark.parametrize(
    "number",
    [
        "138 0000 1234",
        "138-0000-1234",
        "+86 138 0000 1234",
        "13800001234",
        "11010119900307123X",
        "110101199003071234",
        "110101 19900307 123X",
        "6222021234567890123",
        "6222 0212 3456 7890 123",
    ],
)
def test_numbers_of_people_are_masked_as_people_write_them(number: str):
    """R88: a telephone, an identity card, a bank card."""
    masked = mask_text(f"联系人电话{number}，谢谢")

    assert number[5:9] not in masked
    assert masked.startswith("联系人电话")
    assert masked.endswith("，谢谢")


@pytest.mark.parametrize("text", ["2026-03-11 10:30", "3号楼12单元1101室", "12345", "1380000"[:6]])
def test_days_and_places_stay(text: str):
    assert mask_text(text) == text


def test_an_index_finds_equal_values_and_depends_on_the_key():
    assert blind_index(b"key", "13800001234") == blind_index(b"key", "13800001234")
    assert blind_index(b"key", "13800001234") != blind_index(b"other", "13800001234")
    assert "138" not in blind_index(b"key", "13800001234")[:3]
