"""Where the next page of a list begins: the instant and the id of the last row, as one text."""

from datetime import datetime
from uuid import UUID

from hotline.kernel.errors import Invalid


def write_cursor(at: datetime, row_id: UUID) -> str:
    """Return the text that a list gives out with a page; `at` is aware."""
    return f"{at.isoformat()}|{row_id}"


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Return the instant and the id of the row after which to go on.

    Raises:
        Invalid: if the text was not given out by a list.
    """
    at, _, row_id = cursor.partition("|")
    try:
        place = datetime.fromisoformat(at), UUID(row_id)
    except ValueError:
        raise Invalid("after", "it was not given out by this list") from None
    if place[0].tzinfo is None:
        raise Invalid("after", "it was not given out by this list")
    return place
