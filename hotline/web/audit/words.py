"""What the actions of the audit log are called; the code stands beside the word."""

from collections.abc import Mapping
from typing import Final

ACTIONS: Final[Mapping[str, str]] = {
    "login": "登录",
    "login.failed": "密码错误",
    "login.locked": "密码多次错误，账号锁定",
    "login.disabled": "停用账号尝试登录",
    "logout": "退出",
    "access.refused": "越权操作被拒绝",
    "user.create": "新建用户",
    "user.change": "更改用户",
    "user.disable": "锁定账号",
    "user.enable": "解锁账号",
    "user.password": "更换密码",
    "user.sessions_end": "结束登录",
    "audit.read": "查阅审计日志",
    "audit.verify": "校验审计日志",
    "audit.export": "导出审计日志",
    "audit.erase": "依法清除详情",
    "number.unmask": "查看完整号码",
    "tickets.find_by_number": "按号码查询工单",
    "tickets.export": "导出工单",
    "tickets.export_taken": "下载导出文件",
    "cases.export": "导出案卷",
    "cases.export_taken": "下载案卷文件",
    "ticket.query_code": "换发提取码",
    "recording.listen": "收听录音",
    "recording.pause": "暂停录音",
    "call.emergency": "紧急转接",
    "call.moved_first": "排队来电排到最前",
    "call.moved_queue": "排队来电转到其他队列",
    "call.flag_abuse": "标记骚扰来电",
    "seat.force": "班长更改坐席状态",
    "return_call_cancelled": "取消回拨",
    "announcement.on": "开启突发公告",
    "announcement.off": "关闭突发公告",
    "outbox.revive": "再次办理未完成事项",
    "backup.make": "制作备份",
    "backup.verify": "验证备份",
    "grids.import": "导入网格",
    "reward.rate": "核定奖励",
    "callback.correct": "登记不满意整改",
    "callback.answer": "登记来电评价",
    "untold.settle": "登记人工告知",
    "contact.take_up": "自动邮件转为工单",
    "plan.write": "编写预案",
    "plan.end": "停用预案",
}
"""By action."""

GROUPS: Final[Mapping[str, str]] = {
    "login": "登录",
    "access.": "越权操作",
    "user.": "用户管理",
    "audit.": "审计日志",
    "number.": "查看号码",
    "tickets.": "工单查询与导出",
    "recording.": "录音",
    "call.": "通话",
    "seat.": "坐席",
    "case.": "案卷",
    "inspector.": "监督员",
    "standard.": "立案结案标准",
    "evaluation.": "综合评价",
    "outbox.": "未完成事项",
    "exchange.": "平台交换",
    "alarms.": "告警门限",
    "announcement.": "突发公告",
    "flow.": "语音流程",
    "reconciliation.": "对账",
}
"""Beginnings of actions that a filter offers; an action without a word bears its group's."""


def word_of(action: str) -> str:
    """Return the word of an action, or of its group; empty if neither is known."""
    if action in ACTIONS:
        return ACTIONS[action]
    return next((word for begin, word in GROUPS.items() if action.startswith(begin)), "")
