"""`hotline flow`: trying, checking and changing what callers meet."""

from collections.abc import Iterable, Sequence
from difflib import unified_diff
from pathlib import Path

import click

from config.catalogue import load_flows
from config.cli.folder import data_option
from config.cli.options import chosen_settings, within_runtime
from config.data_files import DATA
from config.directory_table import load_directory
from config.flow_shelf import FlowReader
from config.flow_trial import SyntheticCaller, walk
from config.prompts import MADE, load_prompts
from config.runtime import Runtime
from hotline.contacts.flows import service
from hotline.contacts.flows.service import Activation, FlowText
from hotline.kernel.clock import SHANGHAI
from ivr.errors import BadVariable, FlowError, Problem
from ivr.events import AnnouncementChoice, LeaveReason
from ivr.flow import Flow

ACTOR = "cli"
SHOWN = 12
"""Characters of a digest that are shown."""

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
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
@click.option(
    "--announcement",
    type=click.Choice([choice.value for choice in AnnouncementChoice]),
    help="One is on, and what the caller wants after it; default: none is on.",
)
def try_flow(
    name: str,
    folder: Path,
    keys: str,
    given: tuple[str, ...],
    found: tuple[str, ...],
    queue: str,
    message: bool,
    reached: bool,
    announcement: str | None,
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
        announcement=AnnouncementChoice(announcement) if announcement else None,
    )
    try:
        for line in walk(chosen, caller, _texts(chosen)):
            click.echo(line)
    except BadVariable as error:
        raise click.ClickException(f"{error}: give it with --set or --found") from None


@flow.command()
@click.argument("file", type=FILE)
@data_option
def activate(file: Path, data: Path | None) -> None:
    """Put the flow in FILE in use, for the calls that begin from now on."""
    text = file.read_text("utf-8")
    try:
        chosen = _reader().read(text, file.name)
    except FlowError as error:
        raise click.ClickException(str(error)) from None
    kept = FlowText(name=chosen.name, version=chosen.version, text=text)

    async def act(runtime: Runtime) -> None:
        async with runtime.database.begin() as uow:
            await service.activate(uow, kept, actor=ACTOR, now=runtime.clock())

    within_runtime(chosen_settings(data=data), act)
    click.echo(f"{kept.name} {kept.version} {kept.digest[:SHOWN]} is in use")


@flow.command()
@click.argument("name")
@data_option
def history(name: str, data: Path | None) -> None:
    """Print when each text of the flow NAME was put in use, the last first."""

    async def act(runtime: Runtime) -> Sequence[Activation]:
        async with runtime.database.read() as session:
            return await service.history(session, name)

    for each in within_runtime(chosen_settings(data=data), act):
        at = each.at.astimezone(SHANGHAI)
        click.echo(f"{at:%Y-%m-%d %H:%M:%S}  {each.digest[:SHOWN]}  {each.version}  {each.actor}")


@flow.command()
@click.argument("name")
@click.argument("digests", nargs=-1, metavar="[OLD [NEW]]")
@data_option
def diff(name: str, digests: tuple[str, ...], data: Path | None) -> None:
    """Print what changed in NAME: between the last two texts in use, or those that are named."""
    if len(digests) > 2:
        raise click.UsageError("name two texts at most")

    async def act(runtime: Runtime) -> list[FlowText]:
        async with runtime.database.read() as session:
            newest = (await service.history(session, name))[0].digest
            new = await service.text_of(session, name, digests[1] if digests[1:] else newest)
            if digests:
                return [await service.text_of(session, name, digests[0]), new]
            return [await service.previous(session, name), new]

    old, new = within_runtime(chosen_settings(data=data), act)
    lines = unified_diff(
        old.text.splitlines(keepends=True),
        new.text.splitlines(keepends=True),
        f"{name} {old.version} {old.digest[:SHOWN]}",
        f"{name} {new.version} {new.digest[:SHOWN]}",
    )
    click.echo("".join(lines), nl=False)


@flow.command()
@click.argument("name")
@click.option("--to", metavar="DIGEST", help="A text of `history`; default: the one before.")
@data_option
def rollback(name: str, to: str | None, data: Path | None) -> None:
    """Put an earlier text of the flow NAME in use again."""

    async def act(runtime: Runtime) -> FlowText:
        async with runtime.database.begin() as uow:
            chosen = await (
                service.text_of(uow.session, name, to)
                if to
                else service.previous(uow.session, name)
            )
            _reader().read(chosen.text, f"{name}.yaml")
            await service.activate(uow, chosen, actor=ACTOR, now=runtime.clock())
            return chosen

    try:
        chosen = within_runtime(chosen_settings(data=data), act)
    except FlowError as error:
        raise click.ClickException(f"it cannot be used any more: {error}") from None
    click.echo(f"{name} {chosen.version} {chosen.digest[:SHOWN]} is in use again")


def _reader() -> FlowReader:
    return FlowReader(DATA / "prompts", load_directory(DATA, []))


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
