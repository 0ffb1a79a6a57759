"""`hotline flow`: a text is put in use, compared, and taken back, without a restart."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from config.catalogue import load_catalogue
from config.cli import main
from config.data_files import DATA
from config.flow_shelf import FlowReader, FlowShelf, texts_of
from hotline.accounts.model import AuditRow
from hotline.contacts.flows import service
from hotline.contacts.flows.service import FlowText
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict, Invalid, NotFound
from tests.integration.config.test_cli import migrated  # noqa: F401 - a fixture

CATALOGUE = load_catalogue()
NIGHT = (DATA / "flows" / "night.yaml").read_text("utf-8")


def flow(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["flow", *arguments, "--data", str(data)])


def shelf() -> FlowShelf:
    return FlowShelf(CATALOGUE.flows, FlowReader(CATALOGUE.prompts, CATALOGUE.directory))


def changed(version: str, text: str = NIGHT) -> FlowText:
    old = 'version: "2026-2"'
    assert old in text
    return FlowText(name="night", version=version, text=text.replace(old, f'version: "{version}"'))


def test_a_flow_goes_in_use_and_back_by_commands(
    migrated: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    file = tmp_path / "night.yaml"
    file.write_text(NIGHT.replace('"2026-2"', '"local-1"').replace("limit: 120", "limit: 60"))

    used = flow(migrated, "activate", str(file))
    again = flow(migrated, "activate", str(file))
    shown = flow(migrated, "diff", "night")
    back = flow(migrated, "rollback", "night")
    told = flow(migrated, "history", "night").output.splitlines()

    assert "night local-1" in used.output
    assert again.exit_code == 1
    assert "in use already" in again.output
    assert "-    limit: 120" in shown.output
    assert "+    limit: 60" in shown.output
    assert "night 2026-2" in back.output
    assert [line.split()[3:] for line in told] == [
        ["2026-2", "cli"], ["local-1", "cli"], ["2026-2", "system:release"],
    ]  # fmt: skip
    digest = told[1].split()[2]
    assert "local-1" in flow(migrated, "rollback", "night", "--to", digest).output


def test_a_flow_with_mistakes_is_not_put_in_use(
    migrated: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    file = tmp_path / "night.yaml"
    file.write_text(NIGHT.replace("next: offer", "next: nowhere"))

    refused = flow(migrated, "activate", str(file))

    assert refused.exit_code == 1
    assert "there is no step 'nowhere'" in refused.output
    assert len(flow(migrated, "history", "night").output.splitlines()) == 1


async def test_a_running_process_meets_the_text_in_use(database: Database, clock: Clock) -> None:
    flows = shelf()
    async with database.begin() as uow:
        await service.release(uow, texts_of(CATALOGUE.flows.values()), now=clock())
    await flows.refresh(database)
    assert flows["night"].version == "2026-2"

    async with database.begin() as uow:
        await service.activate(uow, changed("9"), actor="luo", now=clock())
    await flows.refresh(database)

    assert flows["night"].version == "9"
    assert flows["night"].digest == changed("9").digest
    assert set(flows) == set(CATALOGUE.flows)
    assert len(flows) == len(CATALOGUE.flows)
    async with database.read() as session:
        acts = list(await session.scalars(select(AuditRow.action)))
    assert acts == ["flow.activate"]


async def test_a_text_that_cannot_be_used_any_more_changes_nothing(
    database: Database, clock: Clock
) -> None:
    flows = shelf()
    broken = changed("10", NIGHT.replace("play: [night]", "play: [gone]"))
    async with database.begin() as uow:
        await service.activate(uow, broken, actor="luo", now=clock())

    await flows.refresh(database)

    assert flows["night"].version == "2026-2"


async def test_a_new_release_brings_its_texts_and_leaves_those_that_were_taken_back(
    database: Database, clock: Clock
) -> None:
    shipped, own, next_release = changed("a"), changed("b"), changed("c")
    async with database.begin() as uow:
        assert await service.release(uow, [shipped], now=clock()) == ["night"]
        await service.activate(uow, own, actor="luo", now=clock())
        assert await service.release(uow, [shipped], now=clock()) == []
        assert [text.version for text in await service.texts_in_use(uow.session)] == ["b"]
        assert (await service.previous(uow.session, "night")).version == "a"
        assert await service.release(uow, [next_release], now=clock()) == ["night"]
        assert [text.version for text in await service.texts_in_use(uow.session)] == ["c"]


async def test_what_is_not_there_is_said(database: Database, clock: Clock) -> None:
    async with database.begin() as uow:
        await service.release(uow, [changed("a")], now=clock())
        with pytest.raises(Conflict):
            await service.activate(uow, changed("a"), actor="luo", now=clock())
        with pytest.raises(NotFound):
            await service.previous(uow.session, "night")
        with pytest.raises(NotFound):
            await service.history(uow.session, "day")
        with pytest.raises(NotFound):
            await service.text_of(uow.session, "night", "ffffffffffff")
        with pytest.raises(Invalid):
            await service.text_of(uow.session, "night", changed("a").digest[:5])
