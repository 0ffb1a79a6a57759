"""The words on the map pages for stored values; Chinese here, English in the catalogue."""

from collections.abc import Mapping
from typing import Final

from case_bridge.places.component import ComponentState
from case_bridge.places.gazetteer import NameKind

STATES: Final[Mapping[ComponentState, str]] = {
    ComponentState.INTACT: "完好",
    ComponentState.DAMAGED: "破损",
    ComponentState.LOST: "丢失",
    ComponentState.ABANDONED: "废弃",
}

NAME_KINDS: Final[Mapping[NameKind, str]] = {
    NameKind.STREET: "街道",
    NameKind.COMMUNITY: "社区",
    NameKind.ROAD: "道路",
    NameKind.CROSSING: "路口",
    NameKind.ADDRESS: "门牌",
    NameKind.POI: "兴趣点",
}

FIELDS: Final[Mapping[str, str]] = {
    "name": "名称",
    "state": "部件状态",
    "competent_code": "主管部门代码",
    "competent_name": "主管部门",
    "owner_code": "权属单位代码",
    "owner_name": "权属单位",
    "maintainer_code": "养护单位代码",
    "maintainer_name": "养护单位",
    "place": "位置描述",
    "longitude": "经度",
    "latitude": "纬度",
    "accuracy": "定位精度等级",
    "source": "数据来源",
    "note": "备注",
    "surveyed_on": "普查日期",
}
