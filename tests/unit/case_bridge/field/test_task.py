"""Who is sent out."""

from uuid import UUID

from case_bridge.field.task import Candidate, choose_inspector
from hotline.kernel.ids import UserId

PLACE = "城东街道人民路12号"


def candidate(number: int, area: str, open_tasks: int) -> Candidate:
    return Candidate(UserId(UUID(int=number)), f"监督员{number}", area, open_tasks)


def test_whoever_knows_the_area_goes_before_whoever_knows_all_of_it() -> None:
    near, anywhere = candidate(1, "城东街道", 3), candidate(2, "*", 0)

    assert choose_inspector([anywhere, near], place=PLACE, excluded=frozenset()) is near


def test_among_equals_the_one_with_least_to_do_goes() -> None:
    busy, free = candidate(1, "城东街道", 3), candidate(2, "城东街道", 1)

    assert choose_inspector([busy, free], place=PLACE, excluded=frozenset()) is free


def test_r63_whoever_handled_the_case_is_never_sent() -> None:
    handler = candidate(1, "*", 0)

    chosen = choose_inspector([handler], place=PLACE, excluded=frozenset({handler.user_id}))

    assert chosen is None


def test_nobody_is_sent_into_a_street_that_is_not_theirs() -> None:
    elsewhere = candidate(1, "城西街道", 0)

    assert choose_inspector([elsewhere], place=PLACE, excluded=frozenset()) is None
