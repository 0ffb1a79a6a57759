"""Why this seat? An offer told from what it kept when it was made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import NotFound
from hotline.queues.repository import QueueEntries
from hotline.queues.states import OfferState

RULES: Mapping[str, str] = {
    "longest_idle": "最长空闲优先",
    "fewest_calls": "最少接听优先",
    "round_robin": "轮流",
    "ring_all": "全体振铃",
    "last_seat": "熟人优先",
    "direct": "指名",
}

SCORES: Mapping[str, str] = {
    "longest_idle": "空闲秒数",
    "fewest_calls": "接听次数（负）",
    "round_robin": "距上次分配秒数",
    "ring_all": "空闲秒数",
    "last_seat": "得分",
}

STATES: Mapping[OfferState, str] = {
    OfferState.RINGING: "振铃",
    OfferState.ANSWERED: "通话",
    OfferState.FINISHED: "已结束",
    OfferState.MISSED: "未接",
    OfferState.WITHDRAWN: "撤回",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatSeen:
    """A seat as the decision saw it."""

    seat_id: UUID
    extension: str
    queue: str
    handled: int
    skills: Mapping[str, int]
    score: float
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferStory:
    """One decision, and what came of it."""

    offer_id: UUID
    call_id: UUID
    queue: str
    rule: str
    needs: Mapping[str, int]
    waited: timedelta
    made_at: datetime
    state: OfferState
    answered_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    seats: tuple[SeatSeen, ...]
    """The best, in the rule's order."""
    others: int
    """How many more seats could have taken the caller."""


async def explain_offer(session: AsyncSession, offer_id: UUID) -> OfferStory:
    """Return why an offer went to its seat.

    Raises:
        NotFound: if there is no such offer.
    """
    found = await QueueEntries(session).contact_of(offer_id)
    if found is None:
        raise NotFound("offer", offer_id)
    offer, entry, _ = found
    return OfferStory(
        offer_id=offer.id,
        call_id=offer.call_id,
        queue=entry.queue,
        rule=offer.rule,
        needs=offer.needs,
        waited=offer.made_at - entry.enqueued_at,
        made_at=offer.made_at,
        state=offer.state,
        answered_at=offer.answered_at,
        ended_at=offer.ended_at,
        reason=offer.reason,
        seats=tuple(_seat(row, offer.seat_id) for row in offer.candidates),
        others=offer.others,
    )


def _seat(row: Mapping[str, Any], chosen: UUID) -> SeatSeen:
    """Read a candidate; those of the first release kept less."""
    seat_id = UUID(row["seat_id"])
    return SeatSeen(
        seat_id=seat_id,
        extension=row["extension"],
        queue=row.get("queue", ""),
        handled=row.get("handled", 0),
        skills=row.get("skills", {}),
        score=row.get("score", row.get("idle_seconds", 0.0)),
        is_chosen=seat_id == chosen,
    )


def describe(story: OfferStory) -> str:
    """Return the story as text for a terminal."""
    needs = ", ".join(f"{skill} ≥ {level}" for skill, level in story.needs.items()) or "无"
    made = story.made_at.astimezone(SHANGHAI)
    lines = [
        f"分配 {story.offer_id}",
        f"  时间 {made:%Y-%m-%d %H:%M:%S}  队列 {story.queue}"
        f"  已等待 {story.waited.total_seconds():.1f} 秒",
        f"  规则 {RULES.get(story.rule, story.rule)}  技能要求 {needs}",
        f"  结果 {STATES[story.state]}" + (f"（{story.reason}）" if story.reason else ""),
        f"  候选坐席（{SCORES.get(story.rule, '得分')}）：",
    ]
    more = [f"    另有 {story.others} 个坐席也符合条件，排在其后"] if story.others else []
    return "\n".join([*lines, *(_line(seat) for seat in story.seats), *more])


def _line(seat: SeatSeen) -> str:
    mark = "→" if seat.is_chosen else " "
    skills = " ".join(f"{skill}:{level}" for skill, level in seat.skills.items())
    said = f"  {mark} {seat.extension:>6}  {seat.score:12.3f}  接听 {seat.handled}  {skills}"
    return said.rstrip()
