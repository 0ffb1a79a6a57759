import pytest

from hotline.contacts.disposition import DEMANDS, Disposition, missing


@pytest.mark.parametrize(
    ("disposition", "ticket", "note", "gaps"),
    [
        ("ticket_opened", False, False, ("ticket",)),
        ("ticket_opened", True, False, ()),
        ("further_facts", False, False, ("ticket", "note")),
        ("harassment", False, False, ("note",)),
        ("silent", False, False, ()),
    ],
)
def test_a_disposition_demands_its_papers(
    disposition: str, ticket: bool, note: bool, gaps: tuple[str, ...]
) -> None:
    found = missing(Disposition(disposition), has_ticket=ticket, has_note=note)

    assert found == gaps


def test_every_disposition_has_its_demand() -> None:
    assert set(DEMANDS) == set(Disposition)


def test_a_dropped_call_demands_a_return_call() -> None:
    assert DEMANDS[Disposition.DROPPED].needs_return_call
