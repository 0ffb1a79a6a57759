"""`python -m benchmarks.queues.simulate --schedules 100000`: races of the queue in virtual time.

Each schedule comes from its number alone, so that one which breaks a promise can be played again:
`--first 4711 --schedules 1`.
"""

import argparse
import sys
import time

from benchmarks.queues.bugs import Planted
from benchmarks.queues.world import World


def simulate(first: int, schedules: int, planted: Planted | None = None) -> dict[int, list[str]]:
    """Play schedules; return the problems of those that broke a promise, ten at most."""
    broken: dict[int, list[str]] = {}
    for seed in range(first, first + schedules):
        problems = World(seed, planted).run()
        if problems:
            broken[seed] = problems
            if len(broken) == 10:
                break
    return broken


def main() -> int:
    """Play, and say what broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--bug", type=Planted, choices=list(Planted))
    chosen = parser.parse_args()
    began = time.perf_counter()
    broken = simulate(chosen.first, chosen.schedules, chosen.bug)
    seconds = time.perf_counter() - began
    for seed, problems in broken.items():
        print(f"schedule {seed}: {problems[0]}")
    print(f"{chosen.schedules} schedules in {seconds:.1f} s, {len(broken)} broke a promise")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
