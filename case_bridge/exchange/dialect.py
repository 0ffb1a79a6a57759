"""The seam for other makers: how a message looks on the wire between us and one peer."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol

from pydantic import ValidationError

from case_bridge.exchange.forms import MESSAGES, AnyMessage
from hotline.kernel.errors import Invalid


class Dialect(Protocol):
    """Two pure functions that are each other's inverse, and a name for the settings."""

    @property
    def content_type(self) -> str:
        """The media type of what is written."""
        ...

    def write(self, message: AnyMessage) -> bytes:
        """Return the message as the peer reads it."""
        ...

    def read(self, raw: bytes) -> AnyMessage:
        """Return the message that the peer wrote.

        Raises:
            Invalid: naming the field and what is wrong with it.
        """
        ...


class Neutral:
    """Our own published JSON."""

    content_type: str = "application/json"

    def write(self, message: AnyMessage) -> bytes:
        """Return the JSON of a message."""
        return MESSAGES.dump_json(message)

    def read(self, raw: bytes) -> AnyMessage:
        """Return the message of a JSON text."""
        return validated(lambda: MESSAGES.validate_json(raw))


def message_of(fields: Mapping[str, Any]) -> AnyMessage:
    """Return the message whose plain fields a dialect has put together.

    Raises:
        Invalid: naming the first field that is wrong.
    """
    return validated(lambda: MESSAGES.validate_python(dict(fields)))


def validated(make: Any) -> AnyMessage:
    """Return what `make` returns, with its complaint as ours.

    Raises:
        Invalid: naming the first field that is wrong.
    """
    try:
        message: AnyMessage = make()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "body"
        raise Invalid(where, first["msg"]) from None
    return message


NEUTRAL: Final = "neutral"
DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType({NEUTRAL: Neutral()})
"""By the name that the settings of a peer give."""
