"""Facts about calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from hotline.contacts.calls.states import CallResult
from hotline.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrderFinished(Event):
    """An ordered call is over, or will never be made."""

    order_id: UUID
    reference: str
    result: CallResult
    answers: Mapping[str, str]
    """Question to the key pressed."""
