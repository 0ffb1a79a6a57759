from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from hotline.kernel.ids import TicketId
from hotline.tickets.query_code import QueryCodeOptions, is_right, locked_until, query_code

OPTIONS = QueryCodeOptions(b"a secret of the installation")
TICKET = TicketId(UUID(int=1))
NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


def test_a_code_has_six_digits_and_belongs_to_one_generation_of_one_ticket() -> None:
    codes = {
        query_code(OPTIONS, TICKET, 1),
        query_code(OPTIONS, TICKET, 2),
        query_code(OPTIONS, TicketId(UUID(int=2)), 1),
        query_code(QueryCodeOptions(b"the secret of another one"), TICKET, 1),
    }

    assert len(codes) == 4
    assert all(len(code) == 6 and code.isdecimal() for code in codes)


def test_only_the_code_itself_is_right() -> None:
    code = query_code(OPTIONS, TICKET, 1)

    assert is_right(OPTIONS, TICKET, 1, f" {code} ")
    assert not is_right(OPTIONS, TICKET, 2, code)
    assert not is_right(OPTIONS, TICKET, 1, "")
    assert not is_right(OPTIONS, TICKET, 1, "六位数字啊")


@pytest.mark.parametrize(
    ("failures", "wait"),
    [(1, None), (4, None), (5, 15), (6, None), (10, 30), (15, 60), (500, 24 * 60)],
)
def test_every_five_wrong_guesses_double_the_wait(failures: int, wait: int | None) -> None:
    until = locked_until(failures, NOW)

    assert until == (None if wait is None else NOW + timedelta(minutes=wait))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        QueryCodeOptions(b"short")
