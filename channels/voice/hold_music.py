"""Music for one citizen, begun and stopped as often as it is asked for."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from channels.voice.leg import Leg
from channels.voice.media.engine import LegClosed, PromptUnusable
from channels.voice.waiters import stop_tasks
from hotline.kernel.tasks import spawn

log = structlog.get_logger()


class HoldMusic:
    """What the citizen hears when nobody talks with them."""

    def __init__(self, leg: Leg, files: Sequence[Path]) -> None:
        self._leg = leg
        self._files = files
        self._playing: asyncio.Task[None] | None = None

    def play(self) -> None:
        """Play from now on; again changes nothing."""
        if self._playing is None:
            self._playing = spawn(self._play(), f"music {self._leg.key}")

    async def stop(self) -> None:
        """Fall silent; again changes nothing."""
        playing, self._playing = self._playing, None
        if playing is not None:
            await stop_tasks(playing)

    async def _play(self) -> None:
        try:
            await self._leg.media.play(self._files, loop=True)
        except PromptUnusable as error:
            log.error("prompt_unusable", prompt=error.path.name, problem=error.problem)
        except LegClosed:
            log.info("caller_gone_on_hold", leg=self._leg.key)
