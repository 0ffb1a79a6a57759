"""Where a list goes on."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.kernel.cursors import read_cursor, write_cursor
from hotline.kernel.errors import Invalid


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_what_was_written_is_read_to_the_microsecond(at: datetime, row_id: UUID) -> None:
    assert read_cursor(write_cursor(at, row_id)) == (at, row_id)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|",
        "2026-03-11T09:00:00+08:00",
        "2026-03-11T09:00:00|8f14e45f-ceea-467f-a8f0-0d2f3c1b2a3d",
        "yesterday|8f14e45f-ceea-467f-a8f0-0d2f3c1b2a3d",
        "2026-03-11T09:00:00+08:00|8f14",
        "newest|2026-03-11T09:00:00+08:00|8f14e45f-ceea-467f-a8f0-0d2f3c1b2a3d",
    ],
)
def test_what_no_list_gave_out_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="after"):
        read_cursor(text)
