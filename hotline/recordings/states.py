"""What a recording may do: one table."""

from enum import StrEnum

from hotline.kernel.machine import Machine


class RecordingState(StrEnum):
    """Where a recording stands."""

    RUNNING = "running"
    SEALED = "sealed"
    """Ended, measured and hashed."""
    MISSING = "missing"
    """Ended without a readable file; `problem` says why."""


class RecordingTrigger(StrEnum):
    """What happens to a recording."""

    SEAL = "seal"
    MISS = "miss"


class RecordingClass(StrEnum):
    """What a recording is of; retention goes by it."""

    INBOUND = "inbound"  # 来电通话
    OUTBOUND = "outbound"  # 外呼通话
    MESSAGE = "message"  # 电话留言


_S, _T = RecordingState, RecordingTrigger

RECORDING = Machine(
    "recording",
    _S.RUNNING,
    {
        (_S.RUNNING, _T.SEAL): _S.SEALED,
        (_S.RUNNING, _T.MISS): _S.MISSING,
    },
)
