import pytest

from hotline.contacts.calls.states import (
    CALL,
    ORDER,
    CallState,
    CallTrigger,
    OrderState,
    OrderTrigger,
)

T, O = CallTrigger, OrderTrigger  # noqa: E741


@pytest.mark.parametrize(
    ("story", "end"),
    [
        pytest.param(
            [T.ANSWER, T.ENQUEUE, T.CONNECT, T.END], CallState.ENDED, id="helped by a seat"
        ),
        pytest.param(
            [T.ANSWER, T.ENQUEUE, T.LEAVE_QUEUE, T.ENQUEUE, T.END],
            CallState.ENDED,
            id="left the queue and came back",
        ),
        pytest.param([T.END], CallState.ENDED, id="never answered"),
        pytest.param([T.ANSWER, T.LOSE], CallState.LOST, id="the process died"),
    ],
)
def test_a_call_lives(story: list[CallTrigger], end: CallState) -> None:
    assert CALL.replay(story) is end


@pytest.mark.parametrize("end", [CallState.ENDED, CallState.LOST])
def test_a_call_ends_once(end: CallState) -> None:
    assert CALL.triggers_from(end) == frozenset()


@pytest.mark.parametrize(
    ("story", "end"),
    [
        pytest.param([O.CLAIM, O.DIAL, O.FINISH], OrderState.DONE, id="dialled"),
        pytest.param([O.CLAIM, O.CLAIM, O.DIAL, O.LOSE], OrderState.UNKNOWN, id="second claim"),
        pytest.param([O.CLAIM, O.RELEASE, O.EXPIRE], OrderState.EXPIRED, id="nobody dialled"),
    ],
)
def test_an_order_lives(story: list[OrderTrigger], end: OrderState) -> None:
    assert ORDER.replay(story) is end


def test_a_dialled_order_is_never_offered_again() -> None:
    assert ORDER.triggers_from(OrderState.DIALLING) == {O.FINISH, O.LOSE}
