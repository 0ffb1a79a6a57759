"""What Alembic runs: over the connection that `config.loading.migrate` hands it."""

from alembic import context
from sqlalchemy import Connection, text

import config.models  # noqa: F401 - every row registers itself
from hotline.kernel.db import Base

LOCK_TIMEOUT = "5s"
"""A migration that cannot get its lock gives up, instead of holding up everybody behind it."""


def run(connection: Connection) -> None:
    """Bring the schema up to date in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        context.run_migrations()


run(context.config.attributes["connection"])
