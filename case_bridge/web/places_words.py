"""The words on the map pages for stored values; Chinese here, English in the catalogue."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from case_bridge.command.figures import Figure
from case_bridge.places.component import ComponentState
from case_bridge.places.gazetteer import NameKind
from hotline.contacts.calls.states import CallState

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

FIGURES: Final[Mapping[Figure, str]] = MappingProxyType(
    {
        Figure.OPEN: "在办案卷",
        Figure.NEAR_DUE: "两小时内到期",
        Figure.OVERDUE: "已超期",
        Figure.TO_DECIDE: "待受理立案",
        Figure.TO_DISPATCH: "待派遣",
        Figure.AT_UNITS: "单位处置",
        Figure.TO_CHECK: "待核查结案",
        Figure.PUT_OFF: "缓办挂账",
        Figure.REGISTERED: "今日登记",
        Figure.FILED: "今日立案",
        Figure.CLOSED: "今日结案",
        Figure.TICKETS: "今日工单",
        Figure.RESOLVED: "今日办结",
        Figure.CALLS: "今日来电",
        Figure.ANSWERED: "今日接听",
        Figure.WAITING: "正在排队",
        Figure.TALKING: "正在通话",
        Figure.ON_DUTY: "在岗监督员",
    }
)
"""The numbers of the command screen."""

CALL_STATES: Final[Mapping[CallState, str]] = MappingProxyType(
    {
        CallState.RINGING: "振铃",
        CallState.IVR: "语音导航",
        CallState.WAITING: "排队",
        CallState.TALKING: "通话",
        CallState.ENDED: "已结束",
        CallState.LOST: "中断",
    }
)
