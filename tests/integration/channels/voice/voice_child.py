"""A voice process of its own, to be killed: arguments database URL, folder, port of the trunk."""

import asyncio
import sys
from pathlib import Path

from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from tests.integration.channels.voice.hall import open_hall, outbound_to


async def main(database_url: str, folder: Path, port: int) -> None:
    """Run until killed; say when ready."""
    database = Database.connect(database_url, clock=system_clock)
    async with open_hall(database, folder, **outbound_to("127.0.0.1", port)) as hall:
        print("ready", hall.voice.address[1], flush=True)
        await asyncio.sleep(120)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
