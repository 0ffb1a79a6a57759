"""Hearing what a platform has to tell that does not tell it by itself."""

from datetime import datetime, timedelta
from typing import Final

from case_bridge.bridge.repository import Messages
from case_bridge.bridge.service import record_progress
from case_bridge.platform import CasePlatform
from hotline.kernel.db import Database

OVERLAP: Final = timedelta(minutes=10)
"""A message that the platform committed late carries an earlier time."""


async def poll(database: Database, platform: CasePlatform, *, now: datetime) -> int:
    """Take every message that is new to us; return how many they were.

    Raises:
        Unavailable: if the platform does not answer; what was taken until then is kept.
    """
    cursor = f"{platform.name}:polled"
    async with database.read() as session:
        until = await Messages(session).compared_until(cursor)
    new = 0
    async for progress in platform.progress_since((until or now - timedelta(days=1)) - OVERLAP):
        async with database.read() as session:
            if await Messages(session).knows(progress.message_id):
                continue
        async with database.begin() as uow:
            await record_progress(uow, platform.name, progress, now=now)
        new += 1
    async with database.begin() as uow:
        await Messages(uow.session).set_compared_until(cursor, now)
    return new
