"""What 系统状态 says about backups: how old the last one is, and whether one was ever proven."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.reports.backups.service import Backup, last_backup, last_proven
from hotline.web.operations.options import OperationsOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupState:
    """The backups at one moment; an age of 0 asks for nothing."""

    now: datetime
    made: Backup | None
    """The last one."""
    proven: Backup | None
    """The one that was loaded and compared last."""
    age: timedelta
    proof_age: timedelta

    @property
    def made_at(self) -> datetime | None:
        """When the last one was made."""
        return self.made.made_at if self.made else None

    @property
    def proven_at(self) -> datetime | None:
        """When one was last loaded and compared."""
        return self.proven.verified_at if self.proven else None

    @property
    def problem(self) -> str | None:
        """What was wrong with it."""
        return self.proven.problem if self.proven else None

    @property
    def is_old(self) -> bool:
        """Say whether a backup is called for."""
        return self._is_over(self.made_at, self.age)

    @property
    def is_proof_old(self) -> bool:
        """Say whether it is time to load one and see that it is whole."""
        return self._is_over(self.proven_at, self.proof_age)

    def troubles(self) -> Iterator[str]:
        """Yield what is wrong, in Chinese."""
        if self.is_old:
            yield "没有近期备份"
        if self.problem:
            yield "最近验证的备份有问题"
        elif self.is_proof_old:
            yield "备份长期未经验证"

    def _is_over(self, at: datetime | None, limit: timedelta) -> bool:
        return bool(limit) and (at is None or self.now - at > limit)


async def backup_state(
    session: AsyncSession, options: OperationsOptions, *, now: datetime
) -> BackupState:
    """Read what is known of the backups."""
    return BackupState(
        now=now,
        made=await last_backup(session),
        proven=await last_proven(session),
        age=options.backup_age,
        proof_age=options.backup_proof_age,
    )
