import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.voice.rtp.reception import Reception
from channels.voice.rtp.rtcp import SenderReport, ntp_of


def received(*sequences: int) -> Reception:
    reception = Reception(0xABC, sequences[0])
    for sequence in sequences:
        reception.receive(sequence)
    return reception


@pytest.mark.parametrize(
    ("sequences", "expected", "lost"),
    [
        pytest.param([7], 1, 0, id="one"),
        pytest.param([7, 8, 9], 3, 0, id="in order"),
        pytest.param([7, 9, 8, 10], 4, 0, id="reordered"),
        pytest.param([7, 10], 4, 2, id="two lost"),
        pytest.param([7, 8, 8, 9], 3, -1, id="a duplicate"),
        pytest.param([65_534, 65_535, 0, 1], 4, 0, id="wrapped"),
        pytest.param([65_534, 1, 65_535], 4, 1, id="wrapped, reordered, one lost"),
        pytest.param([0, 65_535, 1], 2, -1, id="one from before the first"),
    ],
)
def test_loss_is_expected_minus_received(sequences: list[int], expected: int, lost: int) -> None:
    reception = received(*sequences)

    assert (reception.expected, reception.lost) == (expected, lost)


def test_the_highest_sequence_number_counts_the_wraps() -> None:
    reception = received(*[n % 65_536 for n in range(0, 200_000, 2)])

    assert reception.highest_sequence == 199_998
    assert reception.lost == 99_999


def test_a_jump_is_believed_when_a_second_packet_follows_it() -> None:
    reception = received(100, 101, 40_000)
    before = (reception.received, reception.highest_sequence)
    reception.receive(40_001)

    assert before == (2, 101)
    assert (reception.received, reception.highest_sequence) == (3, 40_001)
    assert (reception.expected, reception.lost) == (3, 0)


def test_a_single_stray_number_changes_nothing() -> None:
    reception = received(100, 40_000, 101, 102)

    assert (reception.expected, reception.lost) == (3, 0)


def test_jitter_is_the_running_mean_of_a_8() -> None:
    reception = Reception(1, 0)
    # Every other packet comes 5 ms late, so the transit time changes by 40 units each time.
    for n in range(200):
        reception.measure_jitter(n * 160, n * 0.02 + (0.005 if n % 2 else 0.0))

    assert reception.jitter == pytest.approx(40.0, abs=0.1)


def test_the_first_steps_of_jitter_are_sixteenths() -> None:
    reception = Reception(1, 0)
    for timestamp, now in ((0, 0.0), (160, 0.03), (320, 0.04)):
        reception.measure_jitter(timestamp, now)

    # |D| = 80 twice: J1 = 80/16 = 5, J2 = 5 + (80 - 5)/16.
    assert reception.jitter == pytest.approx(9.6875)


def test_a_steady_stream_has_no_jitter_even_over_the_wrap_of_the_timestamp() -> None:
    reception = Reception(1, 0)
    for n in range(100):
        reception.measure_jitter((0xFFFF_FF00 + n * 160) & 0xFFFF_FFFF, n * 0.02)

    assert reception.jitter == pytest.approx(0.0, abs=1e-6)


def test_the_fraction_lost_is_that_of_the_interval() -> None:
    reception = received(*range(100))
    first = reception.report(5.0)
    for sequence in range(100, 200, 2):
        reception.receive(sequence)
    second = reception.report(10.0)

    assert (first.fraction_lost, first.cumulative_lost) == (0, 0)
    assert (second.fraction_lost, second.cumulative_lost) == (49 * 256 // 99, 49)
    assert second.highest_sequence == 198


def test_more_packets_than_expected_are_no_negative_fraction() -> None:
    reception = received(1, 2, 2, 2)

    assert reception.report(5.0).fraction_lost == 0
    assert reception.report(6.0).fraction_lost == 0


def test_a_block_echoes_the_last_report_of_the_sender_and_its_age() -> None:
    reception = received(1)
    before = reception.report(1.0)
    reception.receive_report(SenderReport(0xABC, ntp_of(100.5), 0, 0, 0), 2.0)
    after = reception.report(3.5)

    assert (before.last_report, before.delay_since_last_report) == (0, 0)
    assert after.last_report == ntp_of(100.5) >> 16 & 0xFFFF_FFFF
    assert after.delay_since_last_report == int(1.5 * 65_536)


@given(st.lists(st.integers(0, 65_535), min_size=1, max_size=200))
def test_any_sequence_numbers_give_a_report_that_fits_its_fields(sequences: list[int]) -> None:
    block = received(*sequences).report(1.0)

    assert 0 <= block.fraction_lost <= 255
    assert 0 <= block.highest_sequence <= 0xFFFF_FFFF
