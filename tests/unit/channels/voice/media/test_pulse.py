import pytest

from channels.voice.media.pulse import LATE_BOUNDS_MS, STEPS, Lengths


@pytest.fixture
def lengths() -> Lengths:
    return Lengths(LATE_BOUNDS_MS)


def test_nothing_counted_is_no_length(lengths: Lengths) -> None:
    assert (lengths.count, lengths.quantile(0.99)) == (0, 0.0)
    assert set(lengths.at_most.values()) == {0}


def test_a_quantile_is_the_end_of_its_step(lengths: Lengths) -> None:
    for n in range(100):
        lengths.add(n / 10 + 0.05)

    assert lengths.quantile(0.5) == pytest.approx(5.0)
    assert lengths.quantile(0.99) == pytest.approx(9.9)
    assert lengths.quantile(1.0) == pytest.approx(10.0)


def test_bounds_count_all_that_is_shorter_and_the_rest_is_told_by_the_count(
    lengths: Lengths,
) -> None:
    for ms in (0.2, 0.4, 0.7, 4.9, 30.0, 250.0, 4000.0):
        lengths.add(ms)

    assert lengths.at_most == {
        0.5: 2, 1.0: 3, 2.0: 3, 5.0: 4, 10.0: 4, 20.0: 4, 50.0: 5, 99.9: 5,
    }  # fmt: skip
    assert lengths.count == 7
    assert lengths.sum_ms == pytest.approx(4286.2)
    assert lengths.quantile(1.0) == STEPS / 10


def test_it_begins_anew(lengths: Lengths) -> None:
    lengths.add(3.0)

    lengths.clear()

    assert (lengths.count, lengths.sum_ms, lengths.quantile(0.5)) == (0, 0.0, 0.0)
