"""For how long recordings are kept, by class, and disposing of those whose time is over.

PIPL article 19 asks for the shortest time that the purpose needs; practice of hotlines is two
years (domain notes 7, O8). The row and the hash stay: what was there remains provable.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from hotline.kernel.db import Database
from hotline.recordings.model import RecordingDisposalRow
from hotline.recordings.repository import Recordings
from hotline.recordings.states import RecordingClass

TWO_YEARS = timedelta(days=730)
BATCH = 100


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long each class is kept, from the end of the recording."""

    kept: Mapping[RecordingClass, timedelta] = field(
        default_factory=lambda: MappingProxyType(dict.fromkeys(RecordingClass, TWO_YEARS))
    )

    def rule(self, kind: RecordingClass) -> str:
        """Return the rule in words for the record."""
        return f"{kind.value}: {self.kept[kind].days} days"


async def dispose(
    database: Database, *, folder: Path, policy: RetentionPolicy, now: datetime
) -> int:
    """Delete the files whose time is over and that nobody holds; return how many.

    The row is written first: a file that a crash leaves behind is deleted by the next round.
    """
    count = 0
    for kind, kept in policy.kept.items():
        async with database.begin() as uow:
            found = Recordings(uow.session)
            due = await found.due_for_disposal(kind, ended_before=now - kept, limit=BATCH)
            for row in due:
                disposal = RecordingDisposalRow(
                    recording_id=row.id, rule=policy.rule(kind), disposed_at=now
                )
                uow.session.add(disposal)
            paths = [folder / row.path for row in due]
        for path in paths:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        count += len(paths)
    return count
