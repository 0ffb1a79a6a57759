"""Real-time priority for the process that sends packets, and short turns between its threads."""

import os
import sys
from pathlib import Path

SWITCH_SECONDS = 0.001
"""A thread that reckons gives way to the loop after this, not after Python's 5 ms."""


def take_priority(priority: int) -> str | None:
    """Let this process run before all ordinary ones; return why it may not.

    All its threads, for one of ordinary priority that holds the interpreter would hold up the loop.
    Takes SCHED_RR of 1 to 99; 0 leaves it as it is.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    if not priority:
        return None
    try:
        for thread in Path("/proc/self/task").iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_RR, os.sched_param(priority))
    except OSError as error:
        return error.strerror or str(error)
    return None
