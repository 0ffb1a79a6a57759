"""One of several voice processes behind a proxy, to be killed: database URL, folder, name, ports.

Arguments: database URL, folder, name, own port, port of the proxy.
"""

import asyncio
import sys
from pathlib import Path

from channels.voice.options import LineOptions, TrunkOptions
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from tests.integration.channels.voice.hall import open_hall

LIFE_SECONDS = 240


async def main(database_url: str, folder: Path, name: str, port: int, proxy: int) -> None:
    """Run until killed; say when ready."""
    database = Database.connect(database_url, clock=system_clock)
    async with open_hall(
        database,
        folder,
        name=name,
        port=port,
        lines=(LineOptions(number="12319"),),
        trunks=(TrunkOptions(name="proxy", host="127.0.0.1", port=proxy),),
    ):
        print("ready", flush=True)
        await asyncio.sleep(LIFE_SECONDS)


if __name__ == "__main__":
    asyncio.run(
        main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    )
