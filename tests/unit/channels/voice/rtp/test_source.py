import pytest

from channels.voice.rtp.source import SourceLock, Verdict

SIGNALLED = ("192.0.2.1", 5004)
BEHIND_NAT = ("198.51.100.7", 40_404)
STRANGER = ("203.0.113.9", 6000)

ACCEPT, NEW, REJECT = Verdict.ACCEPT, Verdict.ACCEPT_NEW, Verdict.REJECT


def judged(lock: SourceLock, *packets: tuple[tuple[str, int], int, int]) -> list[Verdict]:
    return [lock.admit(*packet) for packet in packets]


def test_the_signalled_address_is_believed_at_once_and_nobody_after_it() -> None:
    lock = SourceLock(SIGNALLED)

    verdicts = judged(lock, (SIGNALLED, 1, 10), (SIGNALLED, 1, 11), (STRANGER, 1, 12))

    assert verdicts == [NEW, ACCEPT, REJECT]
    assert judged(lock, *[(STRANGER, 2, n) for n in range(20)]) == [REJECT] * 20
    assert lock.address == SIGNALLED


def test_one_other_address_is_learnt_after_three_packets_in_a_row() -> None:
    lock = SourceLock(SIGNALLED)

    verdicts = judged(lock, *[(BEHIND_NAT, 5, n) for n in (65_535, 0, 1, 2)])

    assert verdicts == [REJECT, REJECT, NEW, ACCEPT]
    assert lock.address == BEHIND_NAT


def test_after_learning_a_second_stranger_is_never_learnt() -> None:
    lock = SourceLock(SIGNALLED)
    judged(lock, *[(BEHIND_NAT, 5, n) for n in range(3)])

    assert judged(lock, *[(STRANGER, 5, n) for n in range(9)]) == [REJECT] * 9


def test_two_strangers_at_once_are_not_mistaken_for_one() -> None:
    lock = SourceLock(SIGNALLED)
    mixed = [(source, 5, n) for n in range(5) for source in (STRANGER, BEHIND_NAT)]

    assert judged(lock, *mixed) == [REJECT] * 10


def test_packets_out_of_sequence_do_not_teach() -> None:
    lock = SourceLock(SIGNALLED)

    assert judged(lock, *[(STRANGER, 5, n) for n in (1, 5, 9, 13)]) == [REJECT] * 4


def test_the_signalled_address_corrects_what_was_learnt() -> None:
    lock = SourceLock(SIGNALLED)
    judged(lock, *[(STRANGER, 5, n) for n in range(3)])

    verdicts = judged(lock, (SIGNALLED, 9, 100), (SIGNALLED, 9, 101), (STRANGER, 5, 3))

    assert verdicts == [REJECT, NEW, REJECT]
    assert lock.address == SIGNALLED


def test_the_known_address_may_change_its_ssrc_by_two_packets_in_a_row() -> None:
    lock = SourceLock(SIGNALLED)

    verdicts = judged(
        lock,
        (SIGNALLED, 1, 10),
        (SIGNALLED, 2, 500),
        (SIGNALLED, 1, 11),
        (SIGNALLED, 2, 501),
        (SIGNALLED, 1, 12),
    )

    assert verdicts == [NEW, REJECT, ACCEPT, NEW, REJECT]


@pytest.mark.parametrize("packets", [1, 2])
def test_without_a_signalled_address_the_first_to_send_steadily_is_learnt(packets: int) -> None:
    lock = SourceLock(None)

    judged(lock, *[(BEHIND_NAT, 5, n) for n in range(packets)])

    assert lock.address is None
    assert lock.admit(BEHIND_NAT, 5, packets) is (REJECT if packets < 2 else NEW)
