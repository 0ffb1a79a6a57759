"""The words of filing conditions (立案条件): the shipped standard's tags in Chinese (R25)."""

from collections.abc import Iterable, Mapping
from typing import Final

from hotline.tickets.category import ConditionLimit

CONDITIONS: Final[Mapping[str, str]] = {
    "HAZARD": "缺失、移位或破裂",
    "BROKEN": "破损",
    "RATTLE": "松动、异响",
    "SETTLE": "周边沉降",
    "CLOG": "堵塞",
    "LEAK": "泄漏",
    "FLOOD": "进水",
    "PONDING": "积水",
    "SMELL": "异味",
    "OVERFLOW": "满溢",
    "SWITCH": "启闭异常",
    "DARK": "不亮",
    "WRONG_TEXT": "文字错误",
    "DOOR_OPEN": "门未关闭",
    "UNAPPROVED": "未经批准",
    "BRIDGE_BODY": "桥体损坏",
    "WALKWAY": "路面损坏",
    "PLANT_BAD": "植物缺株、枯死",
    "PRUNE": "需要修剪",
    "MISSING_TREE": "缺树",
    "DIRTY": "不洁",
    "ABANDONED": "废弃",
    "MISPLACED": "移位",
    "STAFF": "管理不到位",
    "BARRIER_FREE": "无障碍设施损坏",
    "SAFETY_KIT": "安全设施缺失",
    "TILT": "倾斜",
    "BUILDING_NOW": "正在搭建",
    "BUILT": "已建成",
    "TEMPORARY": "临时性的",
    "PERMANENT": "永久性的",
    "PEELING": "脱落",
    "SCRAWL": "乱涂乱画",
    "STAIN": "污渍",
    "FLY_WIRE": "飞线",
    "BREAK>=0.5m2": "破损面积0.5平方米以上",
    "CRACK>=1m2 or >1m x >=3mm": "裂缝1平方米以上，或长1米以上、宽3毫米以上",
    "LEVEL_DIFF>=30mm": "高差30毫米以上",
    "PLACED": "摆放、吊挂",
    "BLOWN": "被风吹挂",
    "FELLED": "已砍伐",
    "DAMAGED": "受损",
    "SHOP": "店铺排放",
    "SITE": "工地排放",
    "INTO_DRAIN": "排入雨水口",
    "OPEN_DITCH": "排入明沟",
    "WRONG_BIN": "投放错误",
    "TIPPED": "倾倒",
    "ON_GRATE": "倒入雨水箅子",
    "COLLECTION_SPILL": "收运遗撒",
    "OPERATION": "作业不规范",
    "PEAK_HOUR": "高峰时段作业",
    "NOISE": "噪声",
    "BLOCKING": "阻碍通行",
    "MIXED_TRANSPORT": "混合收运",
    "NOT_SORTED": "未分类",
    "ILLUMINATED": "带灯光的",
    "STRUCTURE/ROOF": "有结构的或屋顶的",
    "WORN": "陈旧",
    "TOO_FEW": "数量不足",
    "STYLE": "样式不符",
    "HOURS": "超时段施工",
    "MISSING": "缺失",
    "SHARE<50%": "比例不足一半",
    "FENCED": "围挡而不施工",
    "JAM": "造成拥堵",
    "HOURS/AREA": "超时或超范围",
    "PARKING": "乱停放",
    "BATTERY": "电池问题",
    "PLACEMENT": "投放问题",
    "FARE": "收费问题",
    "PLATE": "号牌问题",
    "LOCATION": "位置不符",
    "SCOPE/DIRTY": "超范围或不洁",
    "COLLAPSE": "塌陷",
    "LEAK/FIRE": "泄漏或起火",
    "BURST": "破裂",
    "WORK": "违规作业",
    "OCCUPY": "违规占用",
    "OTHER": "其他情形",
}
"""The tags of the shipped standard (domain 3.6); another standard brings its own words."""


def condition_words(condition: str | None, limits: Iterable[ConditionLimit] = ()) -> str:
    """Return a condition in Chinese words, or as the standard writes it.

    `limits` are those of its category: the words that a city's own standard gives come first.
    """
    for item in limits:
        if item.condition == (condition or "") and item.words:
            return item.words
    return CONDITIONS.get(condition or "", condition or "")
