"""`hotline reindex`."""

from pathlib import Path

import click

from case_bridge.cases.indexing import index_cases
from config.cli.folder import data_option
from config.cli.options import chosen_settings, within_runtime


@click.command()
@data_option
def reindex(data: Path | None) -> None:
    """Write the words by which cases are found anew; the house may run meanwhile."""

    def tell(seen: int) -> None:
        click.echo(f"{seen} cases …", err=True)

    written = within_runtime(
        chosen_settings(data=data), lambda runtime: index_cases(runtime.database, told=tell)
    )
    click.echo(f"Every case is found by its words; of {written} they were missing or others.")
