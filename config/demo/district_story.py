"""What two districts do with the cases that the city hands down, played by their own people."""

from dataclasses import dataclass
from typing import Any, Final

from config.demo.casework import City
from config.demo.clients import Browser, expect, signed_in
from config.demo.telling import Teller


@dataclass(frozen=True, slots=True)
class Matter:
    """What the desk registers."""

    subject: str
    place: str
    category: str
    condition: str = ""


WASTE: Final = Matter("菜市场门口暴露垃圾", "荷香街道荷香路21号", "incident:0110")
LITTER: Final = Matter("书院街落叶未清扫", "荷香街道书院街9号", "incident:0112")
SWING: Final = Matter("社区健身器材损坏", "荷香街道柳荫路33号", "facility:0146", "BROKEN")
POTHOLE: Final = Matter("望湖路路面坑洼", "清河街道望湖路41号", "incident:0113", "BREAK>=0.5m2")
KERB: Final = Matter("人行道砖松动", "清河街道文昌路45号", "facility:0284", "BROKEN")


@dataclass(frozen=True, slots=True)
class Districts:
    """The people of both levels at their pages."""

    city: City
    east: Browser
    """荷香区."""
    west: Browser
    """清河区."""
    standard: str
    """The filing standard in force, as keys of categories begin with it."""
    teller: Teller

    async def play(self) -> dict[str, str]:
        """Leave cases of both districts in every state that a desk has to look at.

        Returns the state of each case by its number.
        """
        cases = [
            await self._hand_down(WASTE),
            await self._at_work(),
            await self._fed_back(),
            await self._closed(),
            await self._returned(),
            await self._disputed(),
            await self._given_back(),
        ]
        found = {}
        for case_id in cases:
            case = await self.city.leader.get(f"/cases/{case_id}")
            found[str(case["number"])] = str(case["state"])
        return found

    async def _at_work(self) -> str:
        case_id = await self._dispatched(WASTE, self.east)
        async with signed_in(self.city.base, "unit-hxh") as unit:
            await unit.post(f"/cases/{case_id}/accept", {})
        self.teller.step("荷香区环卫所签收，处置中")
        return case_id

    async def _fed_back(self) -> str:
        case_id = await self._dispatched(SWING, self.east)
        async with signed_in(self.city.base, "unit-hxj") as street:
            await street.post(f"/cases/{case_id}/handle", {"text": "已更换健身器材配件"})
        self.teller.step("荷香街道反馈，待荷香区逐级反馈")
        return case_id

    async def _closed(self) -> str:
        case_id = await self._dispatched(LITTER, self.east)
        async with signed_in(self.city.base, "unit-hxh") as unit:
            await unit.post(f"/cases/{case_id}/handle", {"text": "已清扫干净"})
        await self.east.post(f"/cases/{case_id}/pass-up", {"text": "情况属实"})
        await self.city.inspect(case_id, self.teller)
        await self.city.leader.post(
            f"/cases/{case_id}/close", {"matches_order": True, "text": "已清扫干净"}
        )
        self.teller.step("荷香区逐级反馈，市中心结案")
        return case_id

    async def _returned(self) -> str:
        case_id = await self._dispatched(POTHOLE, self.west)
        async with signed_in(self.city.base, "unit-qhs") as unit:
            await unit.post(f"/cases/{case_id}/return", {"reason": "该路段由建设单位养护"})
        self.teller.step("清河区市政养护所退回并说明理由")
        return case_id

    async def _disputed(self) -> str:
        case_id = await self._dispatched(KERB, self.west)
        async with signed_in(self.city.base, "unit-qhs") as unit:
            await unit.post(f"/cases/{case_id}/dispute", {"reason": "与园林部门管养界线不清"})
        self.teller.step("清河区市政养护所申请协调责任")
        return case_id

    async def _given_back(self) -> str:
        case_id = await self._hand_down(POTHOLE)
        await self.west.post(f"/cases/{case_id}/hand-up", {"reason": "属市管道路"})
        line = await _line(self.city.dispatcher, case_id)
        expect(line["suggested_district_id"] is None, "the district is suggested again")
        self.teller.step(f"清河区退回一级平台；市派遣台改为建议{line['suggested_unit']}")
        return case_id

    async def _hand_down(self, matter: Matter) -> str:
        """Register, file and hand a case down to the platform that the matrix leads to."""
        case = await self.city.leader.post(
            "/cases/new",
            {
                "source": "video",
                "subject": matter.subject,
                "body": f"{matter.place}：{matter.subject}",
                "place": matter.place,
            },
        )
        case_id = str(case["case_id"])
        await self.city.leader.post(
            f"/cases/{case_id}/file",
            {"category": f"{self.standard}:{matter.category}", "condition": matter.condition},
        )
        line = await _line(self.city.dispatcher, case_id)
        expect(line["suggested_district_id"] is not None, f"{matter.subject}: no district")
        await self.city.dispatcher.post(
            f"/cases/{case_id}/hand-down",
            {"district_id": line["suggested_district_id"], "reason": line["suggestion_reason"]},
        )
        return case_id

    async def _dispatched(self, matter: Matter, platform: Browser) -> str:
        """Hand a case down; the platform sends it to the unit that the matrix names."""
        case_id = await self._hand_down(matter)
        line = await _line(platform, case_id)
        expect(line["suggested_unit_id"] is not None, f"{matter.subject}: no unit")
        await platform.post(f"/cases/{case_id}/dispatch", {"unit_id": line["suggested_unit_id"]})
        self.teller.step(f"{matter.subject}：下派{line['district']}，派遣{line['suggested_unit']}")
        return case_id


async def _line(dispatcher: Browser, case_id: str) -> dict[str, Any]:
    """Return the line of a case on a dispatcher's desk, with what is suggested."""
    lines = (await dispatcher.get("/cases/dispatch"))["to_dispatch"]
    found = [line for line in lines if line["case_id"] == case_id]
    expect(len(found) == 1, "the case is not on the dispatcher's desk")
    line: dict[str, Any] = found[0]
    return line
