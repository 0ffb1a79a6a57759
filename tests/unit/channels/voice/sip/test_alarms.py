"""Alarms over many owners."""

from channels.voice.sip.alarms import NEVER, Alarms


class Owner:
    """Wants to be woken at the instants of a list, one after the other."""

    def __init__(self, *instants: float) -> None:
        self.instants = list(instants)
        self.woken_at: list[float] = []
        self.alarm_at = NEVER

    def next_timer(self) -> float | None:
        return self.instants[0] if self.instants else None

    def handle_timer(self, now: float) -> None:
        self.woken_at.append(now)
        self.instants.pop(0)


def walk(alarms: Alarms) -> list[float]:
    looked_at: list[float] = []
    while (due := alarms.next_timer()) is not None:
        looked_at.append(due)
        alarms.handle_timer(due)
    return looked_at


def test_owners_are_woken_when_they_want() -> None:
    alarms, first, second = Alarms(), Owner(1.0, 4.0), Owner(2.0)
    alarms.watch(first)
    alarms.watch(second)

    looked_at = walk(alarms)

    assert looked_at == [1.0, 2.0, 4.0]
    assert (first.woken_at, second.woken_at) == ([1.0, 4.0], [2.0])


def test_a_timer_that_is_put_off_is_looked_at_early_and_rung_late() -> None:
    alarms, owner = Alarms(), Owner(1.0)
    alarms.watch(owner)
    owner.instants[0] = 5.0

    looked_at = walk(alarms)

    assert looked_at == [1.0, 5.0]
    assert owner.woken_at == [5.0]


def test_a_timer_that_is_brought_forward_rings_once() -> None:
    alarms, owner = Alarms(), Owner(9.0)
    alarms.watch(owner)
    owner.instants[0] = 3.0
    alarms.watch(owner)

    walk(alarms)

    assert owner.woken_at == [3.0]


def test_entries_do_not_pile_up() -> None:
    alarms, owner = Alarms(), Owner(9.0)
    alarms.watch(owner)
    owner.instants = [3.0, 12.0]
    alarms.watch(owner)

    assert walk(alarms) == [3.0, 9.0, 12.0]
    assert owner.woken_at == [3.0, 12.0]


def test_an_owner_that_wants_nothing_any_more_vanishes() -> None:
    alarms, owner = Alarms(), Owner(1.0)
    alarms.watch(owner)
    owner.instants.clear()

    walk(alarms)

    assert owner.woken_at == []
    assert alarms.next_timer() is None


def test_watching_again_adds_no_entry() -> None:
    alarms, owner = Alarms(), Owner(1.0)
    for _ in range(100):
        alarms.watch(owner)

    assert walk(alarms) == [1.0]


def test_everything_that_is_due_rings_at_once() -> None:
    alarms = Alarms()
    owners = [Owner(float(at)) for at in range(5)]
    for owner in owners:
        alarms.watch(owner)

    alarms.handle_timer(3.0)

    assert [owner.woken_at for owner in owners] == [[3.0], [3.0], [3.0], [3.0], []]
