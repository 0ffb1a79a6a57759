"""The roles of people who sign in; a citizen has none and comes by link or code."""

from collections.abc import Iterable
from enum import StrEnum

from hotline.kernel.errors import Invalid


class Role(StrEnum):
    """What a signed-in person is here to do (design 7)."""

    SEAT = "seat"  # 坐席
    SHIFT_LEADER = "shift_leader"  # 值班长
    DISPATCHER = "dispatcher"  # 派遣员
    UNIT = "unit"  # 责任单位
    INSPECTOR = "inspector"  # 监督员
    SUPERVISOR = "supervisor"  # 考核员
    LEADER = "leader"  # 领导
    SYSTEM_ADMIN = "system_admin"  # 系统管理员
    SECURITY_ADMIN = "security_admin"  # 安全管理员
    AUDIT_ADMIN = "audit_admin"  # 审计管理员


ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
"""Three powers that no one person may hold together (GB/T 22239-2019, level 3)."""


def check_roles(roles: Iterable[Role]) -> frozenset[Role]:
    """Return the roles as a set.

    Raises:
        Invalid: if there is none, or if two administrators' powers would meet in one person.
    """
    held = frozenset(roles)
    if not held:
        raise Invalid("roles", "a user needs at least one role")
    if len(held & ADMINISTRATORS) > 1:
        raise Invalid("roles", "system, security and audit administration are kept apart")
    return held
