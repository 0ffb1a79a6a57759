"""What settings are made of: parts, and kinds of values with readers of their own."""

import re
from datetime import time
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from config.addresses import Address, PortRange


class Part(BaseModel):
    """The settings of one part."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def read_words(value: Any) -> Any:
    """Return the words of a text."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def read_patterns(value: Any) -> Any:
    """Return the regular expressions of a text.

    Raises:
        ValueError: for one that is none.
    """
    words = value.split() if isinstance(value, str) else value
    try:
        return tuple(re.compile(word, re.ASCII) for word in words)
    except re.error as error:
        raise ValueError(f"{error.pattern!r} is not a regular expression: {error}") from None


def _stretch(word: str) -> tuple[time, time]:
    opens, _, closes = word.partition("-")
    try:
        return time.fromisoformat(opens), time.fromisoformat(closes)
    except ValueError:
        raise ValueError(f"{word!r} is not HH:MM-HH:MM") from None


def _night(value: Any) -> Any:
    return _stretch(value) if isinstance(value, str) else value


def _hours(value: Any) -> Any:
    stretches = [_stretch(word) for word in read_words(value)] if isinstance(value, str) else value
    for opens, closes in stretches:
        if closes != time(0) and closes <= opens:
            raise ValueError(
                f"{opens:%H:%M}-{closes:%H:%M} must end after it begins; "
                "00:00 at the end is midnight"
            )
    return tuple(stretches)


AddressField = Annotated[Address, BeforeValidator(Address.parse)]
PortRangeField = Annotated[PortRange, BeforeValidator(PortRange.parse)]
Words = Annotated[tuple[str, ...], BeforeValidator(read_words)]
"""Several words, separated by blanks or commas."""
Patterns = Annotated[tuple[re.Pattern[str], ...], BeforeValidator(read_patterns)]
"""Regular expressions, separated by blanks."""
Night = Annotated[tuple[time, time], BeforeValidator(_night)]
Hours = Annotated[tuple[tuple[time, time], ...], BeforeValidator(_hours)]
"""Stretches of a day on the clock of Shanghai: `09:00-12:00 14:00-21:00`."""
