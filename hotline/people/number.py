"""Phone numbers as a Chinese hotline meets them (domain notes 8.1); pure."""

import re
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers

REGION = "CN"
MAX_RAW = 64


class NumberKind(StrEnum):
    """What sort of line a number names."""

    MOBILE = "mobile"  # 手机
    FIXED = "fixed"  # 固定电话
    TOLL_FREE = "toll_free"  # 400 / 800
    SHORT = "short"  # 短号，如 12345
    FOREIGN = "foreign"  # 境外
    UNKNOWN = "unknown"  # 无法识别


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number as received, and what it is.

    `e164` is None for short numbers, which have no international form, and for numbers that the
    numbering plan does not know; those are kept as they came.
    """

    raw: str
    e164: str | None
    kind: NumberKind

    @property
    def is_short(self) -> bool:
        """Say whether it is a service number such as 12345."""
        return self.kind is NumberKind.SHORT

    @property
    def identity(self) -> str:
        """What makes two numbers the same one: the international form, else the digits."""
        return self.e164 or _digits(self.raw)

    @property
    def dialable(self) -> str:
        """What a Chinese trunk is asked to dial: national digits, 00 before a foreign number."""
        if self.e164 is None:
            return _digits(self.raw)
        if not self.e164.startswith("+86"):
            return f"00{self.e164[1:]}"
        national = self.e164[3:]
        return f"0{national}" if self.kind is NumberKind.FIXED else national


def parse_number(raw: str, *, home_area_code: str | None = None) -> PhoneNumber | None:
    """Return what a number is, or None when there is no number (withheld, anonymous).

    `home_area_code` (such as `0539`) completes a local landline number of 7 or 8 digits. Accepts
    the user part of a SIP or tel URI, with or without +86, 0086 or 86.
    """
    raw = raw.strip()[:MAX_RAW]
    digits = _digits(raw)
    if not digits:
        return None
    short = phonenumbers.PhoneNumber(country_code=86, national_number=int(digits))
    if len(digits) <= 6 and phonenumbers.is_valid_short_number_for_region(short, REGION):
        return PhoneNumber(raw, None, NumberKind.SHORT)
    for text in _readings(raw, digits, home_area_code):
        number = _valid(text)
        if number is not None:
            e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            return PhoneNumber(raw, e164, _kind(number))
    return PhoneNumber(raw, None, NumberKind.UNKNOWN)


def _readings(raw: str, digits: str, home_area_code: str | None) -> list[str]:
    if raw.lstrip().startswith("+"):
        return [f"+{digits}"]
    if digits.startswith("00"):
        return [f"+{digits[2:]}"]
    readings = [digits]
    if len(digits) == 13 and digits.startswith("86"):
        readings.append(f"+{digits}")
    if home_area_code and re.fullmatch(r"[2-8]\d{6,7}", digits):
        readings.insert(0, f"{home_area_code}{digits}")
    return readings


def _valid(text: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


_KINDS = {
    phonenumbers.PhoneNumberType.MOBILE: NumberKind.MOBILE,
    phonenumbers.PhoneNumberType.TOLL_FREE: NumberKind.TOLL_FREE,
    phonenumbers.PhoneNumberType.SHARED_COST: NumberKind.TOLL_FREE,
}


def _kind(number: phonenumbers.PhoneNumber) -> NumberKind:
    if number.country_code != 86:
        return NumberKind.FOREIGN
    return _KINDS.get(phonenumbers.number_type(number), NumberKind.FIXED)


def _digits(raw: str) -> str:
    return "".join(re.findall(r"[0-9]", raw))
