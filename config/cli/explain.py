"""`hotline explain deadline`."""

import click

from config.explain import explain_deadline
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
