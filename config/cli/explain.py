"""`hotline explain deadline` and `hotline explain score`."""

from pathlib import Path
from uuid import UUID

import click

from case_bridge.evaluation.definition import ObjectKind
from config.cli.folder import data_option
from config.cli.options import chosen_settings, within_runtime
from config.explain import explain_deadline, explain_given_score, explain_stored_score
from config.runtime import Runtime
from hotline.queues.explaining import describe, explain_offer
from hotline.sla.deadline import DayRule

DAY_RULES = [rule.value for rule in DayRule]


@click.group()
def explain() -> None:
    """Show why something is as it is."""


@explain.command()
@click.option("--start", required=True, help="An instant such as 2026-02-14T16:30.")
@click.option("--limit", required=True, help="2uh, 2ud, 4wh or 2wd; see docs/glossary.md.")
@click.option(
    "--day-rule",
    type=click.Choice(DAY_RULES),
    default=DayRule.EIGHT_HOURS.value,
)
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh")
@click.option("--allow-provisional", is_flag=True, help="Guess years that are not published.")
def deadline(
    start: str, limit: str, day_rule: str, language: str, *, allow_provisional: bool
) -> None:
    """Print a deadline with each stretch that counts or is skipped, and why."""
    receipt = explain_deadline(
        start, limit, day_rule=day_rule, language=language, allow_provisional=allow_provisional
    )
    click.echo(receipt)


@explain.command()
@click.option("--should-close", type=click.IntRange(min=0), help="应结案数")
@click.option("--closed", type=click.IntRange(min=0), help="结案数")
@click.option("--on-time", type=click.IntRange(min=0), help="按期结案数")
@click.option("--rework", type=click.IntRange(min=0), help="返工案卷数")
@click.option(
    "--rank", type=click.IntRange(min=1), help="结案倒排名次: the busiest has the greatest"
)
@click.option("--units", type=click.IntRange(min=1), help="参评单位数")
@click.option("--period", help="Of a published result instead: 2026-03, 2026-Q1 or 2026.")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in ObjectKind]),
    default=ObjectKind.UNIT.value,
    show_default=True,
    help="With --period: what is assessed.",
)
@click.option("--object", "name", help="With --period: the name of the unit, region, person.")
@data_option
def score(
    *,
    should_close: int | None,
    closed: int | None,
    on_time: int | None,
    rework: int | None,
    rank: int | None,
    units: int | None,
    period: str | None,
    kind: str,
    name: str | None,
    data: Path | None,
) -> None:
    """Print a score step by step: of figures given here, or of a published result."""
    figures = {
        "--should-close": should_close,
        "--closed": closed,
        "--on-time": on_time,
        "--rework": rework,
        "--rank": rank,
        "--units": units,
    }
    given = {option for option, value in figures.items() if value is not None}
    if period and name and not given:

        async def read(runtime: Runtime) -> str:
            async with runtime.database.read() as session:
                return await explain_stored_score(session, ObjectKind(kind), period, name)

        click.echo(within_runtime(chosen_settings(data=data), read))
        return
    missing = [option for option in figures if option not in given]
    if period or name or missing:
        raise click.UsageError("give either --period and --object, or all of " + ", ".join(figures))
    click.echo(explain_given_score(*(value or 0 for value in figures.values())))


@explain.command()
@data_option
@click.argument("offer_id", metavar="ID", type=click.UUID)
def offer(offer_id: UUID, data: Path | None) -> None:
    """Print why a caller was offered to this seat: the candidates, their scores, the rule."""

    async def tell(runtime: Runtime) -> str:
        async with runtime.database.read() as session:
            return describe(await explain_offer(session, offer_id))

    click.echo(within_runtime(chosen_settings(data=data), tell))
