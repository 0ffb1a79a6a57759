"""Events as JSON."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from hotline.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class KettleBoiled(Event):
    kettle_id: UUID
    litres: int
    lid: str | None = None


BOILED = KettleBoiled(
    occurred_at=datetime(2026, 3, 11, 2, 0, tzinfo=UTC), kettle_id=UUID(int=7), litres=2
)


def test_an_event_survives_json():
    assert KettleBoiled.from_payload(json.loads(json.dumps(BOILED.to_payload()))) == BOILED


def test_two_events_are_two_facts():
    again = KettleBoiled(occurred_at=BOILED.occurred_at, kettle_id=BOILED.kettle_id, litres=2)

    assert again.event_id != BOILED.event_id
