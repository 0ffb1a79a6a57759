"""Every benchmark, one after the other, short enough for a coffee: `make bench`.

Each can be run alone and longer; the commands are the lines it prints. Figures are only worth
something on a machine that does nothing else.
"""

import subprocess
import sys

RUNS = (
    ("benchmarks.web.form", "--seconds", "5"),
    ("benchmarks.voice.sipp_calls", "--calls", "200", "--rate", "20"),
    ("benchmarks.voice.knee", "--seconds", "3"),
    ("benchmarks.cases.evaluate", "--cases", "100000"),
    ("benchmarks.cases.places", "--grids", "20000"),
    ("benchmarks.cases.merging",),
    ("benchmarks.queues.simulate", "--schedules", "2000"),
    ("benchmarks.faults.schedules", "--count", "500"),
    ("benchmarks.faults.kill", "--rounds", "4"),
)


def main() -> int:
    """Run all; return how many failed."""
    failed = 0
    for module, *arguments in RUNS:
        command = [sys.executable, "-m", module, *arguments]
        print(f"\n$ python -m {module} {' '.join(arguments)}", flush=True)
        failed += subprocess.run(command, check=False, timeout=900).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
