"""Rate limits: so often from one source, and memory for so many sources."""

from datetime import UTC, datetime, timedelta

import pytest

from hotline.web.rates import RateLimit, TooMany, subscriber

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_beyond_its_number_a_source_is_told_when_to_come_again() -> None:
    limit = RateLimit(2, MINUTE)
    limit.check("a", now=NOW)
    limit.check("a", now=NOW + timedelta(seconds=10))

    with pytest.raises(TooMany) as refused:
        limit.check("a", now=NOW + timedelta(seconds=20))

    assert refused.value.retry_after == timedelta(seconds=40)


def test_the_window_slides() -> None:
    limit = RateLimit(1, MINUTE)
    limit.check("a", now=NOW)

    limit.check("a", now=NOW + MINUTE)


def test_one_source_does_not_use_up_anothers() -> None:
    limit = RateLimit(1, MINUTE)
    limit.check("a", now=NOW)

    limit.check("b", now=NOW)


def test_a_refused_try_is_not_counted() -> None:
    limit = RateLimit(1, MINUTE)
    limit.check("a", now=NOW)
    for second in range(59):
        with pytest.raises(TooMany):
            limit.check("a", now=NOW + timedelta(seconds=second))

    limit.check("a", now=NOW + MINUTE)


def test_looking_counts_nothing() -> None:
    limit = RateLimit(1, MINUTE)
    for _ in range(5):
        limit.peek("a", now=NOW)

    limit.check("a", now=NOW)
    with pytest.raises(TooMany):
        limit.peek("a", now=NOW)


def test_memory_is_bounded_by_forgetting_the_least_recent_source() -> None:
    limit = RateLimit(1, MINUTE, max_sources=2)
    for source in ("a", "b", "c"):
        limit.check(source, now=NOW)

    limit.check("a", now=NOW)
    with pytest.raises(TooMany):
        limit.check("c", now=NOW)


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::9", "2001:db8:0:1::/64"),
        ("unknown", "unknown"),
    ],
)
def test_all_addresses_of_one_subscriber_are_one_source(address: str, who: str) -> None:
    assert subscriber(address) == who
