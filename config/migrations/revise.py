"""Write the next revision from the difference between the rows and the newest schema.

`python -m config.migrations.revise "what changes"`; read and edit what it writes. It works on an
empty database of its own.
"""

import argparse
import asyncio
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


def main() -> None:
    """Read what the revision is called, and write it."""
    parser = argparse.ArgumentParser(
        prog="python -m config.migrations.revise",
        description="Write the next revision from the difference between rows and schema.",
    )
    parser.add_argument("message", help="what changes, in a few words: names the file")
    revise(parser.parse_args().message)


if __name__ == "__main__":
    main()
