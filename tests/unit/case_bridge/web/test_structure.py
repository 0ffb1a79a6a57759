"""Every page that the structure names is a page of the house."""

import pytest

from case_bridge.web import exchange, places_routes, reconciliation, routes
from case_bridge.web.structure import LOCAL_PARTS, SUBSYSTEMS, Part
from hotline.web.accounts import handlers as accounts
from hotline.web.desk import handlers as desk
from hotline.web.tickets import handlers as tickets

ROOMS = (routes, places_routes, exchange, reconciliation, desk, tickets, accounts)
PATHS = {route.path for room in ROOMS for route in room.ROUTES if route.method == "GET"}


@pytest.mark.parametrize("part", [*SUBSYSTEMS, *LOCAL_PARTS], ids=lambda each: each.name)
def test_r97_each_part_has_pages_that_there_are(part: Part) -> None:
    """R97: 002b, 000 a12."""
    assert part.pages
    assert part.counts
    assert set(part.pages) <= PATHS
