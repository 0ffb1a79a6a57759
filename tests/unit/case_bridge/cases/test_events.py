"""Which moves the other side of the bridge hears of."""

from datetime import UTC, datetime
from uuid import UUID

from case_bridge.cases.events import (
    CaseClosed,
    CaseEvent,
    CaseFiled,
    event_type,
)
from case_bridge.cases.states import CaseState, CaseTrigger
from hotline.kernel.ids import CaseId


def test_a_reopened_case_is_filed_again_but_a_declined_one_only_registered() -> None:
    assert event_type(CaseTrigger.REOPEN, CaseState.FILED) is CaseFiled
    assert event_type(CaseTrigger.REOPEN, CaseState.REGISTERED) is None


def test_the_other_side_hears_of_what_changes_its_own_promise_and_of_nothing_else() -> None:
    told = {t for t in CaseTrigger if event_type(t, CaseState.FILED) is not None}

    assert told == {
        CaseTrigger.SETTLE,
        CaseTrigger.FILE,
        CaseTrigger.DECLINE,
        CaseTrigger.DISPATCH,
        CaseTrigger.DECIDE,
        CaseTrigger.RETURN,
        CaseTrigger.HANDLE,
        CaseTrigger.REWORK,
        CaseTrigger.CLOSE,
        CaseTrigger.FORCE_CLOSE,
        CaseTrigger.REOPEN,
        CaseTrigger.VOID,
        CaseTrigger.FORCE_VOID,
    }


def test_the_payload_of_any_event_is_read_as_the_common_shape() -> None:
    closed = CaseClosed(
        occurred_at=datetime(2026, 3, 11, 2, 0, tzinfo=UTC),
        case_id=CaseId(UUID(int=7)),
        case_number="26031100001",
        round=1,
        sequence=9,
        trigger=CaseTrigger.CLOSE,
        text="井盖已更换",
    )

    read = CaseEvent.from_payload(closed.to_payload())

    assert (read.event_id, read.trigger, read.text) == (
        closed.event_id,
        CaseTrigger.CLOSE,
        "井盖已更换",
    )
