"""`hotline flow`: trying and checking what callers hear."""

from collections.abc import Iterable
from pathlib import Path

import click

from config.catalogue import load_flows
from config.data_files import DATA
from config.directory_table import load_directory
from config.flow_trial import SyntheticCaller, walk
from config.prompts import MADE, load_prompts
from ivr.errors import BadVariable, Problem
from ivr.events import LeaveReason
from ivr.flow import Flow

FLOWS = DATA / "flows"
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
OUTCOMES = [reason.value for reason in LeaveReason if reason is not LeaveReason.ABANDONED]


@click.group()
def flow() -> None:
    """What callers meet: menus, messages, transfers."""


@flow.command()
@click.option("--folder", type=FOLDER, default=FLOWS, help="Of flows; default: those in use.")
def check(folder: Path) -> None:
    """Say what is wrong with the flows: lost steps, endless loops, missing prompts."""
    problems: list[Problem] = []
    known = _flows(folder, problems)
    for problem in sorted(problems):
        click.echo(str(problem), err=True)
    if problems:
        raise SystemExit(1)
    for each in known.values():
        click.echo(f"{each.name} {each.version}: {len(each.steps)} steps, nothing wrong")


@flow.command("try")
@click.argument("name")
@click.option("--folder", type=FOLDER, default=FLOWS, help="Of flows; default: those in use.")
@click.option("--keys", default="", help="At each question in turn, with commas; - is silence.")
@click.option("--set", "given", multiple=True, help="A variable, such as night=1.")
@click.option("--found", multiple=True, help="What a lookup finds: ticket_state=transferred.")
@click.option("--queue", type=click.Choice(OUTCOMES), default=LeaveReason.ANSWERED.value)
@click.option("--message/--no-message", default=True, help="Whether a message is left.")
@click.option("--reached/--not-reached", default=True, help="Whether transfers are answered.")
def try_flow(
    name: str,
    folder: Path,
    keys: str,
    given: tuple[str, ...],
    found: tuple[str, ...],
    queue: str,
    message: bool,
    reached: bool,
) -> None:
    """Walk the flow NAME with a caller who is made up, and print each step."""
    problems: list[Problem] = []
    chosen = _flows(folder, problems).get(name)
    if chosen is None:
        told = "; ".join(str(problem) for problem in problems if problem.source == f"{name}.yaml")
        raise click.ClickException(told or f"there is no flow {name} in {folder}")
    caller = SyntheticCaller(
        keys=tuple(keys.split(",")) if keys else (),
        variables=_pairs(given),
        found=_pairs(found),
        queue=LeaveReason(queue),
        speaks=message,
        is_reached=reached,
    )
    try:
        for line in walk(chosen, caller, _texts(chosen)):
            click.echo(line)
    except BadVariable as error:
        raise click.ClickException(f"{error}: give it with --set or --found") from None


def _flows(folder: Path, problems: list[Problem]) -> dict[str, Flow]:
    directory = load_directory(DATA, problems)
    return load_flows(folder, DATA / "prompts", directory, problems)


def _texts(chosen: Flow) -> dict[str, str]:
    prompts = load_prompts(DATA / "prompts", [])
    spoken = [each for each in prompts if each.name not in MADE]
    return {each.name: each.text for each in spoken if each.language == chosen.language}


def _pairs(texts: Iterable[str]) -> dict[str, str]:
    """Read NAME=VALUE.

    Raises:
        ClickException: for anything else.
    """
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise click.ClickException(f"{text!r}: write NAME=VALUE")
        pairs[name] = value
    return pairs
