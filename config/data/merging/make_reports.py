"""Writes reports of the invented city 莲池市, labelled with the matter that each is about.

`python config/data/merging/make_reports.py` writes `reports.csv` beside it again, always the same.
Nobody said any of it; places are those of `config/data/places`. The part `held` uses other
wordings and other streets than `tune`, so that what was tuned on one is measured on the other.
Hard negatives are made on purpose: the same street and another number, the same thing again
after it was closed, shops of one chain, another trouble at the same door, the next building.
"""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
SEED = 20260301
WEST, SOUTH = 115.9, 38.3
NORTH_M, EAST_M = 111_000.9, 87_500.4
START = datetime.fromisoformat("2026-03-02T08:00:00")
COLUMNS = (
    *("report", "part", "matter", "trap", "reported_at", "ended_at", "subject", "body", "place"),
    *("longitude", "latitude", "kind", "category"),
)

ROADS = {
    "tune": {"荷香路": (0, 1800, True), "书院街": (0, 1400, True), "青年路": (600, 0, False)},
    "held": {"东关街": (0, 600, True), "站前街": (0, 200, True), "文昌路": (1400, 0, False)},
}
"""Name to its line in metres, and whether it runs from west to east."""
CROSSINGS = {
    "tune": (("荷香路", "柳荫路", 200, 1800), ("书院街", "青年路", 600, 1400)),
    "held": (("东关街", "文昌路", 1400, 600), ("站前街", "建设路", 1000, 200)),
}
ESTATES = {
    "tune": (("书院里小区", 150, 1350), ("荷塘花园", 330, 1700)),
    "held": (("望湖小区", 1700, 1250), ("裕民家园", 820, 480)),
}
NAMED = {
    "tune": (("莲池公园", 300, 1650), ("实验小学", 850, 1700), ("荷香菜市场", 480, 1850)),
    "held": (("和平电影院", 780, 420), ("长途汽车站", 1200, 150), ("东关批发市场", 420, 640)),
}
CHAIN = {"tune": ("甜柠茶饮", "好又鲜超市"), "held": ("小熊奶茶", "百家便利店")}


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong, as different people tell it."""

    kind: str
    code: str
    near: str
    """A category that a hurried seat takes instead."""
    subjects: dict[str, tuple[str, ...]]
    bodies: dict[str, tuple[str, ...]]
    indoors: bool = False
    tags: tuple[str, ...] = field(default=())


TROUBLES = (
    Trouble(
        "facility", "0102", "0101",
        {"tune": ("污水井盖缺失", "下水井盖子不见了", "井盖丢失"),
         "held": ("窨井没有盖子", "井盖被盗", "路上的井没盖")},
        {"tune": ("{at}的污水井盖不见了，露着一个洞，很危险，请尽快处理。",
                  "{at}有个下水井没有盖子，差点掉进去，麻烦派人看看。",
                  "反映{at}井盖丢失，晚上看不清，怕有人摔倒。",
                  "你好，{at}马路中间井盖被偷走了，车子都绕着走。"),
         "held": ("{at}一个窨井敞着口，盖子没了，电动车刚才差点栽进去。",
                  "市民来电：{at}污水井的井盖缺失，要求加盖。",
                  "{at}路面上的井是空的，没盖，小孩子经过太吓人了。",
                  "我路过{at}，发现井盖被人拿走了，只插了根树枝。")},
    ),
    Trouble(
        "facility", "0137", "0138",
        {"tune": ("路灯不亮", "路灯坏了", "晚上没有路灯"),
         "held": ("路灯熄灭", "一排灯都黑着", "街灯故障")},
        {"tune": ("{at}的路灯不亮了，晚上走路看不见。", "{at}路灯坏了好几天，没人修。",
                  "反映{at}夜里漆黑一片，路灯全灭。", "{at}有盏灯一直不亮，请修一下。"),
         "held": ("{at}路灯从前天起就熄灭了，老人出门不方便。",
                  "{at}那里的灯黑着，下夜班害怕，希望修复。",
                  "来电反映{at}照明路灯损坏，请核实。",
                  "{at}灯杆上的灯不亮，天一黑什么都看不到。")},
    ),
    Trouble(
        "incident", "0110", "0111",
        {"tune": ("垃圾成堆", "生活垃圾没人清", "暴露垃圾"),
         "held": ("垃圾堆放", "垃圾清运不及时", "满地垃圾")},
        {"tune": ("{at}堆了一大堆生活垃圾，好几天没人清运，味道难闻。",
                  "{at}垃圾满地都是，苍蝇很多。", "反映{at}有暴露垃圾，要求清理。",
                  "{at}的垃圾没有人收，臭得很。"),
         "held": ("{at}垃圾堆得跟小山一样，臭味飘进屋里。",
                  "{at}生活垃圾没有及时清运，请环卫部门处理。",
                  "市民反映{at}垃圾外溢，影响环境。", "{at}到处是垃圾袋，老鼠都出来了。")},
    ),
    Trouble(
        "incident", "0401", "0403",
        {"tune": ("流动摊贩占道", "小贩占道经营", "摆摊堵路"),
         "held": ("占道摆摊", "摊贩堵人行道", "烧烤摊占道")},
        {"tune": ("{at}有流动摊贩占道经营，人行道走不了。", "{at}每天都有小贩摆摊，堵着路。",
                  "反映{at}摊贩乱摆，推车都过不去。", "{at}卖水果的把道都占了，没人管吗？"),
         "held": ("{at}一到傍晚就有烧烤摊占道，油烟很大。",
                  "{at}摊位摆到马路上，公交车都进不了站。",
                  "来电称{at}有小贩占道经营，要求取缔。",
                  "{at}人行道被摆摊的占满，只能走机动车道。")},
    ),
    Trouble(
        "incident", "0301", "0303",
        {"tune": ("夜间施工噪声", "工地半夜施工", "施工扰民"),
         "held": ("夜里工地太吵", "凌晨施工噪音", "深夜打桩")},
        {"tune": ("{at}工地半夜还在施工，吵得睡不着。", "{at}夜间施工噪声扰民，要求停工。",
                  "反映{at}凌晨两点打桩，孩子要高考。", "{at}的工地天天夜里轰鸣。"),
         "held": ("{at}旁边工地深夜浇筑混凝土，噪音很大。", "{at}施工到凌晨，投诉多次了。",
                  "市民投诉{at}夜间打桩，无法休息。", "{at}半夜三更机器响个不停，请管一管。")},
        indoors=True,
    ),
    Trouble(
        "incident", "0503", "0506",
        {"tune": ("污水外溢", "下水道堵了冒水", "管道堵塞"),
         "held": ("下水道返水", "污水冒出来了", "排水管堵塞")},
        {"tune": ("{at}下水道堵了，污水冒到路上，臭味很大。", "{at}污水外溢，流了一地。",
                  "反映{at}排水管道堵塞，请疏通。", "{at}从井里往外冒脏水，行人绕道。"),
         "held": ("{at}下水道返水，一楼都进水了。", "{at}污水从井口冒出来，臭气熏天。",
                  "来电反映{at}排水管堵塞、污水横流。", "{at}管道不通，脏水淌到门口。")},
        indoors=True,
    ),
    Trouble(
        "facility", "0604", "0601",
        {"tune": ("树枝遮挡", "行道树要修剪", "树木倾斜"),
         "held": ("行道树倾斜", "大树快倒了", "树枝压线")},
        {"tune": ("{at}的行道树歪了，刮风怕倒下来。", "{at}树枝太长，挡住红绿灯，请修剪。",
                  "反映{at}一棵树倾斜，存在安全隐患。", "{at}树杈压着电线。"),
         "held": ("{at}有棵大树歪得厉害，快倒了。", "{at}树枝垂到车道上，刮到公交车。",
                  "市民反映{at}树木倾斜，希望尽快扶正。", "{at}那棵树枝杈压线，打火花。")},
    ),
)  # fmt: skip
CHAIN_TROUBLE = {
    "tune": ("{shop}{road}店音响噪音", "{shop}{road}店在门口放音响揽客，声音太大，影响休息。"),
    "held": ("{shop}{road}店喇叭扰民", "{road}的{shop}整天用喇叭叫卖，吵得没法午睡。"),
}


@dataclass(frozen=True)
class Spot:
    """A place with the ways people call it."""

    x: float
    y: float
    spoken: tuple[str, ...]
    written: tuple[str, ...]


class Maker:
    """Reports one after the other, from one seeded source of chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a sample, no secret
        self.rows: list[dict[str, str]] = []
        self._matter = 0
        self._used: set[tuple[str, str]] = set()

    def matter(
        self,
        part: str,
        spot: Spot,
        trouble: Trouble,
        count: int,
        *,
        trap: str,
        at: datetime,
        ended_at: datetime | None = None,
    ) -> None:
        """Add one matter with so many reports of different people.

        The same trouble at the same place is one matter, so nothing is added twice unless the
        first was closed before.
        """
        met = (spot.written[0], trouble.code)
        if met in self._used and trap != "after_closing":
            return
        self._used.add(met)
        self._matter += 1
        moment = at
        for number in range(count):
            self._report(part, spot, trouble, trap, moment, ended_at)
            moment += timedelta(minutes=self.chance.choice((7, 25, 90, 240, 700, 1500)))
            if ended_at and moment >= ended_at:
                moment = at + (ended_at - at) * (number + 1) / (count + 1)

    def words(
        self, part: str, spot: Spot, subject: str, body: str, code: str, at: datetime
    ) -> None:
        """Add a matter of one report in given words."""
        self._matter += 1
        self._row(part, spot, "chain", at, None, subject, body, ("incident", code), spot.written[0])

    def _report(
        self,
        part: str,
        spot: Spot,
        trouble: Trouble,
        trap: str,
        at: datetime,
        ended_at: datetime | None,
    ) -> None:
        chance = self.chance
        body = chance.choice(trouble.bodies[part]).format(at=chance.choice(spot.spoken))
        fate = chance.random()
        code = trouble.code if fate < 0.75 else trouble.near if fate < 0.83 else ""
        category = (trouble.kind, code) if code else ("", "")
        place = chance.choice((*spot.written, *spot.written, ""))
        self._row(part, spot, trap, at, ended_at, chance.choice(trouble.subjects[part]), body,
                  category, place)  # fmt: skip

    def _row(
        self,
        part: str,
        spot: Spot,
        trap: str,
        at: datetime,
        ended_at: datetime | None,
        subject: str,
        body: str,
        category: tuple[str, str],
        place: str,
    ) -> None:
        chance = self.chance
        has_position = chance.random() < 0.6
        x, y = spot.x + chance.gauss(0, 14), spot.y + chance.gauss(0, 14)
        self.rows.append(
            {
                "report": f"R{len(self.rows) + 1:04}",
                "part": part,
                "matter": f"M{self._matter:03}",
                "trap": trap,
                "reported_at": at.isoformat(),
                "ended_at": ended_at.isoformat() if ended_at else "",
                "subject": subject,
                "body": body,
                "place": place,
                "longitude": str(round(WEST + x / EAST_M, 7)) if has_position else "",
                "latitude": str(round(SOUTH + y / NORTH_M, 7)) if has_position else "",
                "kind": category[0],
                "category": category[1],
            }
        )


def house(part: str, road: str, number: int) -> Spot:
    """Return a house on a road; odd numbers stand on one side."""
    west, south, is_across = ROADS[part][road]
    along, aside = number * 25.0, 15.0 if number % 2 else -15.0
    x, y = (west + along, south + aside) if is_across else (west + aside, south + along)
    return Spot(
        x, y,
        tuple(f"{road}{number}号{where}" for where in ("门口", "附近", "", "对面")),
        (f"{road}{number}号", f"莲池市{road}{number}号"),
    )  # fmt: skip


def crossing(part: str, place: int) -> Spot:
    """Return a crossing of two roads."""
    one, other, x, y = CROSSINGS[part][place]
    return Spot(
        x, y,
        (f"{one}与{other}路口", f"{one}和{other}交叉口", f"{other}与{one}十字路口"),
        (f"{one}与{other}路口", f"{other}与{one}交叉口"),
    )  # fmt: skip


def building(part: str, place: int, number: int) -> Spot:
    """Return a building of an estate."""
    name, x, y = ESTATES[part][place]
    return Spot(
        x + number * 22, y,
        (f"{name}{number}号楼", f"{name}{number}号楼楼下", f"我们{name}{number}号楼门前"),
        (f"{name}{number}号楼", f"{name}"),
    )  # fmt: skip


def named(part: str, place: int) -> Spot:
    """Return a place that everybody knows."""
    name, x, y = NAMED[part][place]
    return Spot(x, y, (f"{name}门口", f"{name}旁边", f"{name}附近"), (name, f"{name}门口"))


def make(part: str, maker: Maker) -> None:
    """Add one part of the sample."""
    chance, days = maker.chance, iter(_days())
    roads = list(ROADS[part])
    for trouble in TROUBLES:
        for road in roads:
            number = chance.randrange(1, 40)
            at = next(days)
            maker.matter(part, house(part, road, number), trouble, chance.choice((3, 4, 5)),
                         trap="", at=at)  # fmt: skip
            # The same street, another number, the same trouble, the same day.
            other = number + chance.choice((2, 4, 6))
            maker.matter(part, house(part, road, other), trouble, chance.choice((1, 2)),
                         trap="other_number", at=at + timedelta(hours=1))  # fmt: skip
        for place in range(2):
            maker.matter(part, crossing(part, place), trouble, chance.choice((2, 3)),
                         trap="", at=next(days))  # fmt: skip
        place = chance.randrange(3)
        at = next(days)
        spot = named(part, place)
        # The same kind at the same place, once more after it was closed.
        maker.matter(part, spot, trouble, 3, trap="", at=at, ended_at=at + timedelta(days=1))
        maker.matter(part, spot, trouble, 1, trap="after_closing", at=at + timedelta(days=2))
        # Another trouble at the same door.
        another = TROUBLES[(TROUBLES.index(trouble) + 2) % len(TROUBLES)]
        maker.matter(part, spot, another, 1, trap="other_trouble", at=at + timedelta(hours=3))
        estate = chance.randrange(2)
        at = next(days)
        maker.matter(part, building(part, estate, 3), trouble, 2, trap="", at=at)
        maker.matter(part, building(part, estate, 5), trouble, 1, trap="next_building",
                     at=at + timedelta(hours=2))  # fmt: skip
    for shop in CHAIN[part]:
        subject, body = CHAIN_TROUBLE[part]
        for road in roads:
            names = {"shop": shop, "road": road}
            maker.words(part, house(part, road, 8), subject.format(**names), body.format(**names),
                        "0301", START + timedelta(hours=4))  # fmt: skip


def _days() -> Iterator[datetime]:
    """Yield beginnings that leave the sample as dense as a busy city: several on one day."""
    for number in range(1000):
        yield START + timedelta(days=number % 12, hours=(number * 7) % 11)


def main() -> None:
    """Write the file."""
    maker = Maker(SEED)
    for part in ("tune", "held"):
        make(part, maker)
    with (HERE / "reports.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(maker.rows)


if __name__ == "__main__":
    main()
