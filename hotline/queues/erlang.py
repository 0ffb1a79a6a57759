"""Pure: Erlang C, what a queue of patient callers does (A. K. Erlang, 1917).

Traffic in erlangs is arrivals a second times seconds of handling. Callers never give up in this
model, so that it waits longer than a real floor where they do.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What Erlang C says of a floor."""

    traffic: float
    """Erlangs."""
    occupancy: float
    """Share of time that a seat is busy; 1 if the floor is too small."""
    waiting: float
    """Probability that a caller waits at all."""
    within: float
    """Share of callers answered within the target."""
    mean_wait: float
    """Seconds; infinite if the floor is too small."""


def waiting_probability(seats: int, traffic: float) -> float:
    """Return the probability that a caller has to wait (Erlang C); 1 if the floor is too small.

    By the recursion of Erlang B, B(0) = 1, B(n) = A B(n-1) / (n + A B(n-1)), which does not
    overflow however many seats there are; then C = B / (1 - (1 - B) A / n).
    """
    if traffic <= 0:
        return 0.0
    if seats <= traffic:
        return 1.0
    blocked = 1.0
    for number in range(1, seats + 1):
        blocked = traffic * blocked / (number + traffic * blocked)
    return blocked / (1 - (1 - blocked) * traffic / seats)


def forecast(*, seats: int, per_second: float, handling: float, target: float) -> Forecast:
    """Return what to expect of `seats`, with `handling` and `target` in seconds."""
    traffic = per_second * handling
    waits = waiting_probability(seats, traffic)
    if seats <= traffic:
        return Forecast(traffic=traffic, occupancy=1.0, waiting=1.0, within=0.0, mean_wait=math.inf)
    spare = seats - traffic
    return Forecast(
        traffic=traffic,
        occupancy=traffic / seats if seats else 0.0,
        waiting=waits,
        within=1 - waits * math.exp(-spare * target / handling) if handling else 1.0,
        mean_wait=waits * handling / spare,
    )
