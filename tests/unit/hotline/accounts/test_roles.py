"""Roles: the three administrators are three people."""

from itertools import combinations

import pytest

from hotline.accounts.roles import ADMINISTRATORS, Role, check_roles
from hotline.kernel.errors import Invalid


def test_a_user_without_a_role_is_refused() -> None:
    with pytest.raises(Invalid, match="at least one role"):
        check_roles([])


@pytest.mark.parametrize("pair", list(combinations(sorted(ADMINISTRATORS), 2)))
def test_two_administrators_powers_never_meet_in_one_person(pair: tuple[Role, Role]) -> None:
    with pytest.raises(Invalid, match="kept apart"):
        check_roles(pair)


def test_one_person_may_lead_a_shift_and_take_calls() -> None:
    assert check_roles([Role.SEAT, Role.SHIFT_LEADER]) == {Role.SEAT, Role.SHIFT_LEADER}
