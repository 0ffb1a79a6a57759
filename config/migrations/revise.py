"""Write the next revision from the difference between the rows and the newest schema.

`python -m config.migrations.revise "what changes"`; read and edit what it writes. It works on an
empty database of its own.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from config.embedded import EmbeddedPostgres

FOLDER = Path(__file__).parent


def revise(message: str) -> None:
    """Migrate an empty database to the newest revision and write the next one."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        try:
            asyncio.run(_revise(server.start(), message))
        finally:
            server.stop()


async def _revise(url: str, message: str) -> None:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(_write, message)
    await engine.dispose()


def _write(connection: Connection, message: str) -> None:
    options = Config(attributes={"connection": connection})
    options.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    options.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    number = len(list((FOLDER / "versions").glob("[0-9]*.py"))) + 1
    command.upgrade(options, "head")
    command.revision(options, message, autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    revise(sys.argv[1])
