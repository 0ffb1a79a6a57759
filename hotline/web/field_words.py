"""What is wrong with a field, in words for the person who filled it in."""

from collections.abc import Mapping
from typing import Final

OTHERWISE: Final = "填写不正确，请检查。"

BY_FIELD: Final[Mapping[str, str]] = {
    "subject": "请填写标题，不超过200字。",
    "reply_to": "请填写能答复市民的号码或邮箱地址。",
    "category_code": "没有这个类别，请从搜索结果中选择。",
    "condition": "请从该类别的立案条件中选择。",
    "reason": "请填写原因。",
    "answer": "请填写答复内容。",
    "ticket": "请填写有关的工单编号，或先为本次来电新建工单。",
    "note": "请填写说明。",
    "disposition": "通话还没有结束。",
    "password": "密码应为8到256个字符。",
    "new_password": "新密码应为8到256个字符，不能与原密码相同。",
    "again": "两次输入的新密码不一致。",
    "login": "登录名为2到40个小写字母、数字、点、横线，以字母或数字开头。",
    "display_name": "请填写姓名。",
    "roles": "请至少选择一个角色；系统、安全、审计三种管理员不能由一人兼任。",
    "unit_id": "责任单位人员须选择所属单位。",
    "check": "请选择怎样核对的身份。",
    "seat_id": "请从列表中选择坐席。",
}
"""For a field that a rule of the hotline refused."""

BY_KIND: Final[Mapping[str, str]] = {
    "missing": "请填写此项。",
    "string_too_short": "请填写此项。",
    "string_too_long": "内容过长。",
    "string_pattern_mismatch": OTHERWISE,
    "enum": "请从列表中选择。",
    "extra_forbidden": "没有这一项。",
    "greater_than_equal": "数值超出范围。",
    "less_than_equal": "数值超出范围。",
}
"""For a field that does not fit its schema; the keys are pydantic's names of errors."""


def words_for(field: str, kind: str | None = None) -> str:
    """Return the words, in Chinese; `kind` is pydantic's name of the error, if it has one."""
    if kind is None:
        return BY_FIELD.get(field, OTHERWISE)
    return BY_KIND.get(kind, OTHERWISE)
