"""Disposition (话务小结): the coded outcome of a live contact, and what each one demands."""

from dataclasses import dataclass
from enum import StrEnum


class Disposition(StrEnum):
    """What became of a contact when it ended."""

    TICKET_OPENED = "ticket_opened"  # 已建工单
    ANSWERED_DIRECTLY = "answered_directly"  # 直接答复
    PROGRESS_ENQUIRY = "progress_enquiry"  # 查询进度
    FURTHER_FACTS = "further_facts"  # 补充情况
    OTHER_BODY = "other_body"  # 告知其他途径（诉讼、信访、纪检等）
    EMERGENCY_REFERRED = "emergency_referred"  # 转 110/119/120/122
    WRONG_NUMBER = "wrong_number"  # 打错
    SILENT = "silent"  # 无声
    HARASSMENT = "harassment"  # 骚扰
    DROPPED = "dropped"  # 中断，需回拨


@dataclass(frozen=True, slots=True)
class Demand:
    """What must exist before a contact may be closed with a disposition."""

    needs_ticket: bool = False
    needs_note: bool = False
    needs_return_call: bool = False


DEMANDS: dict[Disposition, Demand] = {
    Disposition.TICKET_OPENED: Demand(needs_ticket=True),
    Disposition.ANSWERED_DIRECTLY: Demand(needs_note=True),
    Disposition.PROGRESS_ENQUIRY: Demand(needs_ticket=True),
    Disposition.FURTHER_FACTS: Demand(needs_ticket=True, needs_note=True),
    Disposition.OTHER_BODY: Demand(needs_note=True),
    Disposition.EMERGENCY_REFERRED: Demand(needs_note=True),
    Disposition.WRONG_NUMBER: Demand(),
    Disposition.SILENT: Demand(),
    Disposition.HARASSMENT: Demand(needs_note=True),
    Disposition.DROPPED: Demand(needs_return_call=True),
}


def missing(disposition: Disposition, *, has_ticket: bool, has_note: bool) -> tuple[str, ...]:
    """Return the names of what is still missing for this disposition, empty if nothing is."""
    demand = DEMANDS[disposition]
    gaps = [
        ("ticket", demand.needs_ticket and not has_ticket),
        ("note", demand.needs_note and not has_note),
    ]
    return tuple(name for name, is_missing in gaps if is_missing)
