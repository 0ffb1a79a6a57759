"""An offer that rings in a page, and the answer that comes too late."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from channels.voice.missed import Missed
from channels.voice.page_ring import PageRing
from channels.voice.seat_ring import ring_page
from hotline.kernel.errors import Conflict
from hotline.queues.values import QueuePolicy


class Attempt:
    """A page's path that is being built."""

    def __init__(self) -> None:
        self.path = self
        self.is_stopped = False

    def stop(self) -> None:
        self.is_stopped = True


class Rings(dict[str, PageRing]):
    """Remembers the last one."""

    last: PageRing

    def __setitem__(self, key: str, ring: PageRing) -> None:
        self.last = ring
        super().__setitem__(key, ring)


async def test_an_answer_that_was_being_prepared_when_the_offer_ended_leaves_no_path() -> None:
    rings = Rings()
    policy = QueuePolicy(offer_limit=timedelta(milliseconds=1))
    exchange = SimpleNamespace(
        pages=object(), page_rings=rings, options=SimpleNamespace(queue_policy=policy)
    )
    late = Attempt()

    missed = await ring_page(cast("Any", exchange), cast("Any", SimpleNamespace(offer_id="o")))
    with pytest.raises(Conflict):
        rings.last.answer(cast("Any", late))

    assert missed is Missed.NO_ANSWER
    assert late.is_stopped
    assert not rings
