"""`hotline audit`: proving the chain, and erasing a detail where the law asks for it."""

import sys
from pathlib import Path

import click

from config.cli.folder import data_option
from config.cli.options import chosen_settings, within_runtime
from config.runtime import Runtime
from hotline.accounts import audit as chain
from hotline.kernel.errors import Invalid

ACTOR = "cli"


@click.group()
def audit() -> None:
    """The audit log, a chain that shows any change."""


@audit.command()
@data_option
@click.option("--head", metavar="SEQ:HASH", help="A head noted earlier: it must still be there.")
def verify(data: Path | None, head: str | None) -> None:
    """Walk the whole chain; exit 1 if anything in it was changed, removed or cut off."""
    expected = _read_head(head) if head else None

    async def walk(runtime: Runtime) -> tuple[list[chain.Problem], chain.Head]:
        async with runtime.database.read() as session:
            return await chain.verify(session, expected), await chain.head(session)

    problems, newest = within_runtime(chosen_settings(data=data), walk)
    for problem in problems:
        click.echo(f"row {problem.seq}: {problem.what}")
    if problems:
        sys.exit(1)
    click.echo(f"The chain is whole: {newest.seq} rows, head {newest.seq}:{newest.hash}")


@audit.command()
@click.argument("seq", type=click.IntRange(min=1))
@click.option("--reason", required=True, help="The law and the request; it stays in the log.")
@data_option
def erase(seq: int, reason: str, data: Path | None) -> None:
    """Erase the detail of row SEQ for good; the row, its hash and this act stay in the chain."""
    if not reason.strip():
        raise click.UsageError("--reason is empty")

    async def act(runtime: Runtime) -> None:
        async with runtime.database.begin() as uow:
            await chain.erase_detail(
                uow, seq, actor=ACTOR, reason=reason.strip(), now=runtime.clock()
            )

    within_runtime(chosen_settings(data=data), act)
    click.echo(f"The detail of row {seq} is erased; `hotline audit verify` accepts that")


def _read_head(text: str) -> chain.Head:
    seq, _, digest = text.partition(":")
    if not seq.isdecimal() or not digest:
        raise Invalid("head", "must be SEQ:HASH, as `hotline audit verify` prints it")
    return chain.Head(int(seq), digest)
