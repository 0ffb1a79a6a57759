"""Events: facts in the past tense that other parts may act on after the commit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import TypeAdapter

from hotline.kernel.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact. Subclasses hold ids and plain values only, never personal data."""

    occurred_at: datetime
    event_id: UUID = field(default_factory=new_id)

    def to_payload(self) -> dict[str, Any]:
        """Return the fields as JSON values; instants as ISO 8601 text."""
        payload: dict[str, Any] = _adapter(type(self)).dump_python(self, mode="json")
        return payload

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Return the event that `to_payload` wrote.

        Raises:
            pydantic.ValidationError: if the payload is of another shape.
        """
        event: Self = _adapter(cls).validate_python(dict(payload))
        return event


_adapters: dict[str, TypeAdapter[Any]] = {}


def _adapter(kind: type[Event]) -> TypeAdapter[Any]:
    # Building an adapter costs about a millisecond; there are some thirty kinds.
    name = f"{kind.__module__}.{kind.__qualname__}"
    if name not in _adapters:
        _adapters[name] = TypeAdapter(kind)
    return _adapters[name]
