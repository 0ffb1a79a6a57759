"""The values of a citizen; numbers in them are masked."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hotline.kernel.ids import CitizenId


class IdentifierKind(StrEnum):
    """What tells one citizen from another."""

    PHONE = "phone"  # 电话
    MAIL = "mail"  # 电子邮件


@dataclass(frozen=True, slots=True)
class PeopleOptions:
    """The key of the blind index, at least 16 bytes, and the area code of local landlines."""

    index_key: bytes
    home_area_code: str | None = None

    def __post_init__(self) -> None:
        """Refuse a key that could be guessed.

        Raises:
            ValueError: if it is shorter than 16 bytes.
        """
        if len(self.index_key) < 16:
            raise ValueError("the key of the blind index needs at least 16 bytes")


@dataclass(frozen=True, slots=True)
class IdentifierView:
    """One number or address, masked."""

    kind: IdentifierKind
    masked: str
    is_short: bool


@dataclass(frozen=True, slots=True)
class CitizenView:
    """A citizen as a seat sees them."""

    citizen_id: CitizenId
    name_masked: str
    first_seen_at: datetime
    identifiers: tuple[IdentifierView, ...]


_MAIL = re.compile(r"[^@\s<>\",;:\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,255}", re.ASCII)


def normal_mail(address: str) -> str | None:
    """Return a mail address in the form that is compared, or None if it is none."""
    address = address.strip().lower()
    return address if _MAIL.fullmatch(address) else None
