"""The words on the screen for stored values; Chinese here, English in the catalogue."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from case_bridge.bridge.states import CrossingState
from case_bridge.bridge.words import STATES as CROSSING_WORDS
from case_bridge.cases.case import DECLINE_REASONS, CaseSource, DeclineReason, EvidenceOrigin
from case_bridge.cases.notice import DecisionKind, Ground, NoticeKind
from case_bridge.cases.organisation import Level, Question
from case_bridge.cases.rules import Stage
from case_bridge.cases.states import CaseState, CaseTrigger
from case_bridge.extraordinary.states import Step
from case_bridge.field.states import TaskState
from case_bridge.field.task import TaskKind
from case_bridge.later.request import LaterKind
from case_bridge.later.states import RequestState
from case_bridge.plans.model import PlanKind
from case_bridge.resources.model import ResourceKind
from case_bridge.rewards.states import RewardState
from case_bridge.standards.checking import UNITS
from case_bridge.threats.model import ThreatKind
from case_bridge.units.unit import UnitClass
from hotline.sla.limit import Limit
from hotline.web.labels import label

LABELS: Final[Mapping[type[StrEnum], Mapping[str, str]]] = {
    UnitClass: {
        UnitClass.FIRST: "一类",
        UnitClass.SECOND: "二类",
        UnitClass.THIRD: "三类",
        UnitClass.FRONTAGE: "门前五包",
    },
    ResourceKind: {
        ResourceKind.MAP: "地理信息",
        ResourceKind.COMMAND: "应急指挥",
        ResourceKind.VIDEO: "公共安全视频",
        ResourceKind.TRAFFIC: "交通管理",
        ResourceKind.PIPES: "地下管网",
    },
    PlanKind: {
        PlanKind.EMERGENCY: "应急处置预案",
        PlanKind.DAILY: "日常处置方案",
    },
    Step: {
        Step.SOLVE: "先解决问题",
        Step.RESPONSIBILITY: "后分清责任",
        Step.MONEY: "再落实（追缴）经费",
        Step.DONE: "经费已落实",
    },
    ThreatKind: {
        ThreatKind.HINDRANCE: "阻挠采集",
        ThreatKind.INSULT: "侮辱",
        ThreatKind.THREAT: "威胁、恐吓",
        ThreatKind.INJURY: "人身伤害",
        ThreatKind.THEFT: "盗窃采集器",
        ThreatKind.ROBBERY: "抢夺采集器",
        ThreatKind.DAMAGE: "毁损采集器",
    },
    RewardState: {
        RewardState.PROPOSED: "待审批",
        RewardState.APPROVED: "待领取",
        RewardState.REFUSED: "未批准",
        RewardState.PAID: "已发放",
    },
    CaseState: {
        CaseState.REGISTERED: "已登记",
        CaseState.VERIFYING: "待核实",
        CaseState.VERIFIED: "核实属实",
        CaseState.REFUTED: "核实不属实",
        CaseState.SETTLED: "现场处理完毕",
        CaseState.DECLINED: "不予立案",
        CaseState.FILED: "已立案",
        CaseState.HANDED_DOWN: "待二级派遣",
        CaseState.DISPATCHED: "已派遣",
        CaseState.HANDLING: "处置中",
        CaseState.RETURNED: "已退回",
        CaseState.DISPUTED: "争议协调",
        CaseState.DEFERRED: "缓办",
        CaseState.SHELVED: "挂账",
        CaseState.HANDLED: "已反馈",
        CaseState.INSPECTING: "核查中",
        CaseState.READY_TO_CLOSE: "待结案",
        CaseState.CLOSED: "已结案",
        CaseState.VOIDED: "已作废",
        CaseState.MERGED: "已并案",
    },
    CaseTrigger: {
        CaseTrigger.VERIFY: "发起核实",
        CaseTrigger.CONFIRM: "核实属实",
        CaseTrigger.REFUTE: "核实不属实",
        CaseTrigger.SETTLE: "现场处理",
        CaseTrigger.FILE: "立案",
        CaseTrigger.DECLINE: "不予立案",
        CaseTrigger.HAND_DOWN: "下派二级平台",
        CaseTrigger.HAND_UP: "退回一级平台",
        CaseTrigger.DISPATCH: "派遣",
        CaseTrigger.ACCEPT: "签收",
        CaseTrigger.GUARD: "安全防护",
        CaseTrigger.RETURN: "退回",
        CaseTrigger.HANDLE: "处置反馈",
        CaseTrigger.PASS_UP: "逐级反馈",
        CaseTrigger.SEND_BACK: "退回补办",
        CaseTrigger.DISPUTE: "申请协调",
        CaseTrigger.MEET: "现场协调",
        CaseTrigger.DECIDE: "明确责任",
        CaseTrigger.EXTEND: "延期",
        CaseTrigger.DEFER: "缓办",
        CaseTrigger.RESUME: "恢复办理",
        CaseTrigger.SHELVE: "挂账",
        CaseTrigger.UNSHELVE: "销账",
        CaseTrigger.URGE: "催办",
        CaseTrigger.SUPERVISE: "督办",
        CaseTrigger.ORDER: "责令限期处置",
        CaseTrigger.CIRCULATE: "通报",
        CaseTrigger.RECKON: "时限重算",
        CaseTrigger.REFER: "移送执法",
        CaseTrigger.INSPECT: "发起核查",
        CaseTrigger.PASS: "核查通过",
        CaseTrigger.REWORK: "返工",
        CaseTrigger.CLOSE: "结案",
        CaseTrigger.FORCE_CLOSE: "强制结案",
        CaseTrigger.REOPEN: "重新办理",
        CaseTrigger.VOID: "作废",
        CaseTrigger.FORCE_VOID: "强制作废",
        CaseTrigger.MERGE: "并案",
        CaseTrigger.UNMERGE: "拆案",
        CaseTrigger.MERGE_FILED: "立案后并案",
        CaseTrigger.UNMERGE_FILED: "立案后拆案",
    },
    CaseSource: {
        CaseSource.HOTLINE: "热线",
        CaseSource.INSPECTOR: "监督员上报",
        CaseSource.VIDEO: "视频监控",
        CaseSource.MEDIA: "媒体曝光",
        CaseSource.SUPERIOR: "上级交办",
        CaseSource.TRANSFER: "部门移送",
        CaseSource.LEADER: "领导批示",
        CaseSource.WEB: "网站",
        CaseSource.VISIT: "市民来访",
    },
    EvidenceOrigin: {
        EvidenceOrigin.REPORT: "诉求人",
        EvidenceOrigin.UNIT: "责任单位",
        EvidenceOrigin.INSPECTOR: "监督员",
        EvidenceOrigin.CENTRE: "中心",
    },
    DeclineReason: DECLINE_REASONS,
    Stage: {
        Stage.ACCEPT: "受理阶段",
        Stage.VERIFY: "核实阶段",
        Stage.DISPATCH: "派遣阶段",
        Stage.RETURN: "退回期限",
        Stage.CHECK: "核查阶段",
        Stage.CLOSE: "结案阶段",
    },
    Question: {
        Question.DISPATCHES: "谁派遣",
        Question.CHECKS: "谁核查",
        Question.CLOSES: "谁结案",
        Question.SETTLES: "谁裁定争议",
        Question.EXTENDS: "谁批准延期",
        Question.DEFERS: "谁批准缓办",
        Question.SHELVES: "谁批准挂账",
    },
    Level: {
        Level.FIRST: "一级平台",
        Level.SECOND: "二级平台",
        Level.EITHER: "案卷所在的一级",
    },
    NoticeKind: {
        NoticeKind.NEAR_DUE: "临期预警",
        NoticeKind.URGE: "催办",
        NoticeKind.SUPERVISE: "督办",
        NoticeKind.ORDER: "责令限期处置",
        NoticeKind.CIRCULATE: "通报",
        NoticeKind.INFORM: "告知主管部门",
        NoticeKind.PHONE: "电话通知",
        NoticeKind.SUPERIOR_ENDED: "上级结案告知",
        NoticeKind.MERGED: "并案告知",
    },
    Ground: {
        Ground.DANGER: "可能危害公共安全",
        Ground.INFLUENCE: "造成较大影响",
    },
    DecisionKind: {
        DecisionKind.AGREED: "协商一致，明确责任单位",
        DecisionKind.SUBSTITUTE: "指定单位代为整改",
        DecisionKind.SPECIALIST: "指定专业单位代为整改",
        DecisionKind.OWNERLESS: "无责任主体，属地办理",
    },
    LaterKind: {
        LaterKind.EXTENSION: "延期",
        LaterKind.DEFERRAL: "缓办",
        LaterKind.SHELVING: "挂账",
    },
    RequestState: {
        RequestState.APPLIED: "已申请",
        RequestState.VERIFIED: "中心已核实",
        RequestState.APPROVED: "已批准",
        RequestState.REFUSED: "未批准",
        RequestState.WITHDRAWN: "已撤回",
    },
    TaskKind: {
        TaskKind.VERIFY: "核实",
        TaskKind.INSPECT: "核查",
    },
    TaskState: {
        TaskState.OPEN: "待办",
        TaskState.DONE: "已完成",
    },
    CrossingState: CROSSING_WORDS,
}
"""One word for each member; a test holds the table to the enums."""


def limit_words(limit: str | None, language: str = "zh") -> str:
    """Return a stored limit in words: `4wh` is 4工作时, in `en` 4 working hour(s)."""
    return Limit.parse(limit).label(language) if limit else ""


def limit_code(text: str) -> str:
    """Return a limit as it is stored, of words such as 4工作时; what is none stays as it is."""
    for words, unit in UNITS.items():
        if text.endswith(words):
            return f"{text.removesuffix(words).strip()}{unit}"
    return text


def word(value: StrEnum) -> str:
    """Return the Chinese word for a stored value, of this system or of the hotline."""
    own = LABELS.get(type(value))
    return own[value] if own else label(value)
