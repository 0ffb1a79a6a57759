"""What the city does with a ticket, played by the people whose duty it is."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from case_bridge.web.labels import limit_words
from config.demo.clients import Browser, eventually, expect, signed_in
from config.demo.telling import Story, Teller
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.ids import new_id
from hotline.tickets.conditions import condition_words

UNIT_LOGINS: Final[Mapping[str, str]] = {
    "供水公司": "unit-gsg",
    "市政设施管理所": "unit-szs",
    "环境卫生管理处": "unit-hwc",
    "城市照明管理所": "unit-zms",
    "城市管理执法大队": "unit-zfd",
    "园林绿化管理处": "unit-ylc",
}


@dataclass(frozen=True, slots=True)
class City:
    """Everybody who works on cases, signed in."""

    base: str
    leader: Browser
    dispatcher: Browser
    inspector: Browser

    @classmethod
    async def open(cls, base: str, stack: AsyncExitStack) -> "City":
        """Sign everybody in; they stay until `stack` ends."""
        return cls(
            base,
            leader=await stack.enter_async_context(signed_in(base, "leader")),
            dispatcher=await stack.enter_async_context(signed_in(base, "dispatcher")),
            inspector=await stack.enter_async_context(signed_in(base, "inspector1")),
        )

    async def work(self, ticket_id: str, story: Story, teller: Teller, *, result: str) -> None:
        """Take a transferred ticket through the whole case, to its closing."""
        case = await eventually("the ticket becomes a case", lambda: self._case_of(ticket_id))
        case_id, story.case = case["case_id"], case["number"]
        teller.step(f"工单已转办，案卷 {story.case} 登记")
        filed = await self.leader.post(f"/cases/{case_id}/file", {"text": "情况属实，予以立案"})
        condition = condition_words(filed["condition"]) or "—"
        limit = limit_words(filed["limit"])
        teller.step(f"立案：{filed['category_name']}，条件 {condition}，时限 {limit}")
        await self._dispatch(case_id, teller)
        await self._handle(case_id, teller, result)
        await self.inspect(case_id, teller)
        closed = await self.leader.post(
            f"/cases/{case_id}/close", {"matches_order": True, "text": result}
        )
        expect(closed["state"] == "closed", f"the case is {closed['state']}, not closed")
        teller.step("值班长结案")

    async def _case_of(self, ticket_id: str) -> dict[str, Any] | None:
        links = (await self.leader.get(f"/cases/of-ticket/{ticket_id}"))["links"]
        return links[-1] if links and links[-1]["case_id"] else None

    async def _dispatch(self, case_id: str, teller: Teller) -> None:
        seen = await self.dispatcher.get(f"/cases/{case_id}")
        expect(seen["suggested_unit_id"] is not None, "nobody is responsible for the case")
        case = await self.dispatcher.post(
            f"/cases/{case_id}/dispatch", {"unit_id": seen["suggested_unit_id"]}
        )
        expect(case["due_at"] is not None, "the dispatched case has no deadline")
        due = datetime.fromisoformat(case["due_at"]).astimezone(SHANGHAI).strftime("%m-%d %H:%M")
        teller.step(f"派遣：{case['unit']}（{seen['suggestion_reason']}），截止 {due}")

    async def _handle(self, case_id: str, teller: Teller, result: str) -> None:
        case = await self.leader.get(f"/cases/{case_id}")
        login = UNIT_LOGINS[case["unit"]]
        async with signed_in(self.base, login) as unit:
            await unit.post(f"/cases/{case_id}/accept", {})
            await unit.post(f"/cases/{case_id}/handle", {"text": result})
        teller.step(f"{case['unit']}签收并处置反馈")

    async def inspect(self, case_id: str, teller: Teller) -> None:
        """Let the inspector find a handled case in order."""

        async def task() -> dict[str, Any] | None:
            tasks = (await self.inspector.get("/field/tasks"))["tasks"]
            return next((each for each in tasks if each["case_id"] == case_id), None)

        found = await eventually("the inspector has the task", task)
        path = f"/field/tasks/{found['task_id']}"
        await self.inspector.post(f"{path}/take", {})
        await self.inspector.post(
            f"{path}/result", {"key": str(new_id()), "passed": True, "text": "现场核查，已处置到位"}
        )
        teller.step("监督员现场核查通过")
