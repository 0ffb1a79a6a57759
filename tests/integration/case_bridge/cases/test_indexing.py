"""Words of cases, written anew."""

import pytest
from sqlalchemy import delete, select, update

from case_bridge.cases import indexing
from case_bridge.cases.indexing import index_cases
from case_bridge.cases.model import CaseWordsRow
from hotline.kernel.ids import CaseId
from tests.integration.case_bridge.city import City


async def words(city: City) -> dict[CaseId, str]:
    async with city.database.read() as session:
        found = await session.execute(select(CaseWordsRow.case_id, CaseWordsRow.words))
        return {CaseId(case_id): text for case_id, text in found}


async def test_cases_from_before_there_were_words_are_found_by_them_too(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R76: missing words are written, old ones replaced, right ones left; over several batches."""
    monkeypatch.setattr(indexing, "BATCH", 2)
    cases = [await city.registered_case(subject=f"第{each}个井盖缺失") for each in "一二三四五"]
    before = await words(city)
    async with city.database.begin() as uow:
        await uow.session.execute(delete(CaseWordsRow).where(CaseWordsRow.case_id == cases[0]))
        await uow.session.execute(
            update(CaseWordsRow).where(CaseWordsRow.case_id == cases[4]).values(words="'路灯':1")
        )
    seen: list[int] = []

    written = [await index_cases(city.database, told=seen.append) for _ in range(2)]

    assert await words(city) == before
    assert written == [2, 0]
    assert seen == [2, 4, 5] * 2
