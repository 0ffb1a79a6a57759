"""The words on the screen for stored values; Chinese here, English in the catalogue."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from hotline.accounts.roles import Role
from hotline.contacts.contact import Channel
from hotline.contacts.disposition import Disposition
from hotline.queues.control.states import TargetKind, TransferMode, TransferResult, TransferState
from hotline.queues.states import SeatState
from hotline.queues.thresholds import AlarmKind
from hotline.recordings.parts import PartKind
from hotline.recordings.states import RecordingClass, RecordingState
from hotline.tickets.category import CategoryKind
from hotline.tickets.states import TicketState, TicketTrigger
from hotline.tickets.ticket import CloseReason, Outcome, RequestKind, Urgency
from hotline.tickets.views import HistoryEntry


class BreakReason(StrEnum):
    """Why a seat takes no contacts for a while (小休原因)."""

    MEAL = "meal"  # 用餐
    REST = "rest"  # 休息
    TRAINING = "training"  # 培训
    MEETING = "meeting"  # 会议
    OTHER = "other"  # 其他


LABELS: Final[Mapping[type[StrEnum], Mapping[str, str]]] = {
    Channel: {
        Channel.VOICE: "电话",
        Channel.WEB: "网页",
        Channel.MAIL: "电子邮件",
        Channel.SMS: "短信",
        Channel.TELEGRAM: "Telegram",
        Channel.WECHAT: "微信",
        Channel.OPEN311: "Open311",
        Channel.CHAT: "在线客服",
    },
    Disposition: {
        Disposition.TICKET_OPENED: "已建工单",
        Disposition.ANSWERED_DIRECTLY: "直接答复",
        Disposition.PROGRESS_ENQUIRY: "查询进度",
        Disposition.FURTHER_FACTS: "补充情况",
        Disposition.OTHER_BODY: "告知其他途径",
        Disposition.EMERGENCY_REFERRED: "转紧急电话",
        Disposition.WRONG_NUMBER: "打错",
        Disposition.SILENT: "无声",
        Disposition.HARASSMENT: "骚扰",
        Disposition.DROPPED: "中断，需回拨",
    },
    RequestKind: {
        RequestKind.INQUIRY: "咨询",
        RequestKind.ASSISTANCE: "求助",
        RequestKind.COMPLAINT: "投诉",
        RequestKind.REPORT: "举报",
        RequestKind.SUGGESTION: "建议",
        RequestKind.PRAISE: "表扬",
        RequestKind.OTHER: "其他",
    },
    Urgency: {
        Urgency.NORMAL: "一般",
        Urgency.URGENT: "紧急",
        Urgency.CRITICAL: "特急",
    },
    CategoryKind: {
        CategoryKind.FACILITY: "部件",
        CategoryKind.INCIDENT: "事件",
    },
    TicketState: {
        TicketState.OPEN: "受理",
        TicketState.TRANSFERRED: "已转办",
        TicketState.RESOLVED: "办结",
        TicketState.CLOSED: "归档",
        TicketState.CANCELLED: "作废",
    },
    TicketTrigger: {
        TicketTrigger.AMEND: "补充修改",
        TicketTrigger.REMIND: "催办",
        TicketTrigger.TRANSFER: "转办",
        TicketTrigger.RETURN: "退单",
        TicketTrigger.ANSWER: "直接答复",
        TicketTrigger.CANCEL: "作废",
        TicketTrigger.RESOLVE: "办结",
        TicketTrigger.REOPEN: "重新办理",
        TicketTrigger.CLOSE: "归档",
        TicketTrigger.CONFIRM: "回访确认",
    },
    Outcome: {
        Outcome.SOLVED: "已解决",
        Outcome.DECLINED: "不予立案",
        Outcome.ANSWERED: "已答复",
    },
    CloseReason: {
        CloseReason.CONFIRMED: "回访确认",
        CloseReason.NOT_REACHED: "回访未联系上",
        CloseReason.ANSWERED: "直接答复",
    },
    Role: {
        Role.SEAT: "坐席",
        Role.SHIFT_LEADER: "值班长",
        Role.DISPATCHER: "派遣员",
        Role.UNIT: "责任单位",
        Role.INSPECTOR: "监督员",
        Role.SUPERVISOR: "考核员",
        Role.LEADER: "领导",
        Role.SYSTEM_ADMIN: "系统管理员",
        Role.SECURITY_ADMIN: "安全管理员",
        Role.AUDIT_ADMIN: "审计管理员",
    },
    SeatState: {
        SeatState.SIGNED_OUT: "签出",
        SeatState.AVAILABLE: "空闲",
        SeatState.OFFERED: "振铃",
        SeatState.TALKING: "通话中",
        SeatState.WRAP_UP: "话后处理",
        SeatState.ON_BREAK: "小休",
    },
    TransferMode: {
        TransferMode.BLIND: "直接转接",
        TransferMode.CONSULT: "咨询",
        TransferMode.JOIN: "三方通话",
    },
    TargetKind: {
        TargetKind.SEAT: "坐席",
        TargetKind.QUEUE: "队列",
        TargetKind.DEPARTMENT: "部门",
        TargetKind.EMERGENCY: "紧急服务",
        TargetKind.NUMBER: "外线号码",
    },
    TransferState: {
        TransferState.CALLING: "正在呼叫",
        TransferState.CONSULTING: "咨询中，市民正在听音乐",
        TransferState.JOINED: "三方通话中",
        TransferState.CONNECTED: "已转接",
        TransferState.ENDED: "已结束",
    },
    TransferResult: {
        TransferResult.CONNECTED: "已转接",
        TransferResult.QUEUED: "已转入队列",
        TransferResult.BUSY: "对方忙，市民仍在您的通话中",
        TransferResult.NO_ANSWER: "对方无人接听，市民仍在您的通话中",
        TransferResult.DECLINED: "对方拒接，市民仍在您的通话中",
        TransferResult.UNREACHABLE: "无法接通对方，请换一个号码或稍后再试",
        TransferResult.NOT_ALLOWED: "该号码不在允许拨打的范围，请联系系统管理员",
        TransferResult.OVER_BUDGET: "本小时外呼次数已达上限，请联系值班长",
        TransferResult.NO_TRUNK: "没有可用的外线，请联系系统管理员",
        TransferResult.NOT_STAFFED: "该队列无人签入，请选择其他队列或坐席",
        TransferResult.FAR_END_LEFT: "对方已挂机，市民仍在您的通话中",
        TransferResult.TAKEN_BACK: "已取回市民",
        TransferResult.CITIZEN_LEFT: "市民已挂机",
        TransferResult.FAILED: "系统故障，未能接通，请重试",
        TransferResult.LOST: "通话中断",
    },
    AlarmKind: {
        AlarmKind.WAITING: "排队人数超限",
        AlarmKind.LONGEST_WAIT: "最长等待超限",
        AlarmKind.NOBODY_TO_ANSWER: "有人排队而无人在岗",
        AlarmKind.TALKING: "通话超时",
        AlarmKind.WRAP_UP: "话后处理超时",
        AlarmKind.ON_BREAK: "小休超时",
        AlarmKind.NO_PHONE: "空闲但话机不在线",
    },
    PartKind: {
        PartKind.ANNOUNCEMENT: "语音导航",
        PartKind.WAITING: "排队等待",
        PartKind.TALK: "通话",
        PartKind.HOLD: "保持",
        PartKind.TRANSFER: "转接或咨询",
        PartKind.JOINED: "三方通话",
        PartKind.PARKED: "停泊",
    },
    RecordingState: {
        RecordingState.RUNNING: "录音中",
        RecordingState.SEALED: "已封存",
        RecordingState.MISSING: "缺失",
    },
    RecordingClass: {
        RecordingClass.INBOUND: "来电通话",
        RecordingClass.OUTBOUND: "外呼通话",
        RecordingClass.MESSAGE: "电话留言",
    },
    BreakReason: {
        BreakReason.MEAL: "用餐",
        BreakReason.REST: "休息",
        BreakReason.TRAINING: "培训",
        BreakReason.MEETING: "会议",
        BreakReason.OTHER: "其他",
    },
}
"""One word for each member; a test holds the table to the enums."""


QUEUES: Final[Mapping[str, str]] = {"hotline": "热线"}
"""Words for the queues that come with the program; a city's own are named as people read them."""


def label(value: StrEnum) -> str:
    """Return the Chinese word for a stored value."""
    return LABELS[type(value)][value]


def choices(kind: type[StrEnum]) -> list[tuple[str, str]]:
    """Return value and word of every member, in the order of the enum."""
    return [(member.value, LABELS[kind][member]) for member in kind]


def standing(state: TicketState, close_reason: CloseReason | None) -> str:
    """Return where a ticket stands, as a seat says it; handed on is never called done (R69)."""
    if state is TicketState.CLOSED and close_reason is not None:
        return {
            CloseReason.CONFIRMED: "已办结，诉求人已在回访中确认",
            CloseReason.NOT_REACHED: "已办结，回访未联系上诉求人",
            CloseReason.ANSWERED: "已直接答复诉求人",
        }[close_reason]
    return {
        TicketState.OPEN: "已受理，尚未转办",
        TicketState.TRANSFERRED: "已转办，责任单位正在办理，尚未办结",
        TicketState.RESOLVED: "已办结，等待回访诉求人",
        TicketState.CLOSED: "已归档",
        TicketState.CANCELLED: "已作废",
    }[state]


def reason_of(entry: HistoryEntry) -> str:
    """Return why a move of a ticket was made, as a person may read it; empty if no reason."""
    reason = str(entry.detail.get("reason") or "")
    if entry.trigger is TicketTrigger.CLOSE and reason:
        return label(CloseReason(reason))
    return reason
