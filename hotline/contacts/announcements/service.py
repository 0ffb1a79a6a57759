"""Switching announcements on and off, and keeping who heard them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts import audit
from hotline.contacts.announcements.choice import Choice, is_answer
from hotline.contacts.announcements.model import AnnouncementRow, HearingRow
from hotline.contacts.announcements.repository import Announcements, Hearings
from hotline.contacts.calls.model import CallRow
from hotline.contacts.calls.service import view_of
from hotline.contacts.calls.values import CallView
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import CallId, new_id

TOPIC = "queue"
"""Boards listen to it."""

LONGEST = timedelta(days=7)
"""Nobody forgets an announcement for longer: it ends by itself."""

MOST_TEXT = 500
MOST_SOUND = 960_000
"""Bytes: two minutes of A-law."""

MOST_LISTED = 100

ENDS_SOON = timedelta(minutes=15)
"""So long before its end somebody still has time to switch on another one."""

LATELY = timedelta(minutes=15)
"""So long after its end callers may still ask about it."""


class Standing(StrEnum):
    """How an announcement stands towards those at work."""

    ON = "on"  # 正在播放
    ENDS_SOON = "ends_soon"  # 即将结束
    OVER = "over"  # 已结束
    COMING = "coming"  # 未开始


class HearingClass(StrEnum):
    """What became of a call that heard an announcement."""

    ANSWERED = "answered"  # 公告已答复
    PERSON = "person"  # 转入人工: stayed on, or asked for a person
    ONGOING = "ongoing"  # 通话中


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementDraft:
    """What a shift leader wants callers to hear."""

    text: str
    prompt: str | None = None
    """A recorded prompt of the house, or `sound`."""
    sound: bytes | None = field(default=None, repr=False)
    """WAV, 8 kHz, mono, A-law."""
    lines: tuple[str, ...] = ()
    """None: all."""
    asks: bool = False
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One announcement."""

    announcement_id: UUID
    text: str
    prompt: str | None
    lines: tuple[str, ...]
    asks: bool
    from_at: datetime
    until_at: datetime
    made_by: str
    made_at: datetime
    ended_by: str | None

    def standing(self, now: datetime) -> Standing:
        """Return how it stands."""
        if now >= self.until_at:
            return Standing.OVER
        if now < self.from_at:
            return Standing.COMING
        return Standing.ENDS_SOON if self.until_at - now <= ENDS_SOON else Standing.ON


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """One call that heard an announcement."""

    call: CallView
    began_at: datetime
    choice: Choice
    what: HearingClass


async def switch_on(
    uow: UnitOfWork, draft: AnnouncementDraft, *, actor: str, now: datetime
) -> UUID:
    """Let callers hear it from `from_at` on; it is in the audit log.

    Raises:
        Invalid: if there is nothing to say or to hear, or it is not on at any time to come.
    """
    _check(draft, now)
    row = AnnouncementRow(
        id=new_id(),
        text=draft.text.strip(),
        prompt=draft.prompt,
        sound=draft.sound,
        lines=list(draft.lines),
        asks=draft.asks,
        from_at=draft.from_at,
        until_at=draft.until_at,
        made_by=actor,
        made_at=now,
    )
    uow.session.add(row)
    await uow.session.flush()
    await audit.append(
        uow,
        actor=actor,
        action="announcement.on",
        target=f"announcement:{row.id}",
        detail={
            "text": row.text,
            "prompt": row.prompt,
            "lines": list(draft.lines),
            "from": draft.from_at.isoformat(),
            "until": draft.until_at.isoformat(),
        },
        now=now,
    )
    uow.signal(TOPIC)
    return row.id


def _check(draft: AnnouncementDraft, now: datetime) -> None:
    if not draft.text.strip() or len(draft.text) > MOST_TEXT:
        raise Invalid("text", f"write 1 to {MOST_TEXT} characters")
    if (draft.prompt is None) == (draft.sound is None):
        raise Invalid("sound", "exactly one of prompt and sound is needed")
    if draft.sound is not None and len(draft.sound) > MOST_SOUND:
        raise Invalid("sound", "longer than two minutes")
    if draft.until_at <= max(now, draft.from_at):
        raise Invalid("until", "must be later than the beginning, and than now")
    if draft.until_at - max(now, draft.from_at) > LONGEST:
        raise Invalid("until", f"at most {LONGEST.days} days later")


async def switch_off(uow: UnitOfWork, announcement_id: UUID, *, actor: str, now: datetime) -> None:
    """End it before its time; one that has not begun never does.

    Raises:
        NotFound: if there is none of this id.
        Conflict: if it has ended.
    """
    row = await Announcements(uow.session).get(announcement_id, lock=True)
    if row.until_at <= now:
        raise Conflict("the announcement has ended already")
    if row.from_at >= now:
        # It ends before it begins; both instants stay in order.
        row.from_at = now - timedelta(microseconds=1)
    row.until_at, row.ended_by = now, actor
    await audit.append(
        uow,
        actor=actor,
        action="announcement.off",
        target=f"announcement:{announcement_id}",
        detail={"text": row.text},
        now=now,
    )
    uow.signal(TOPIC)


async def present(session: AsyncSession, now: datetime) -> list[Announcement]:
    """Return what is on, the newest first, and then what has ended lately."""
    return [_value(row) for row in await Announcements(session).present(now, now - LATELY)]


async def heard_on(session: AsyncSession, line: str, now: datetime) -> Announcement | None:
    """Return what callers of a line hear now; None: nothing."""
    row = await Announcements(session).for_line(line, now)
    return None if row is None else _value(row)


async def sound_of(session: AsyncSession, announcement_id: UUID) -> bytes:
    """Return the sound of an announcement that is no recorded prompt, as a WAV file.

    Raises:
        Conflict: if it is a recorded prompt.
    """
    row = await Announcements(session).get(announcement_id, with_sound=True)
    if row.sound is None:
        raise Conflict("the announcement is a recorded prompt")
    return row.sound


async def announcements(
    session: AsyncSession, now: datetime
) -> list[tuple[Announcement, dict[HearingClass, int]]]:
    """Return what is on, will be, and was, each with how many callers it answered or not."""
    rows = await Announcements(session).latest(now, MOST_LISTED)
    tallies = {row.id: dict.fromkeys(HearingClass, 0) for row in rows}
    for heard, call in await Hearings(session).with_calls([row.id for row in rows]):
        tallies[heard.announcement_id][_class(heard, call)] += 1
    return [(_value(row), tallies[row.id]) for row in rows]


async def open_announcement(
    session: AsyncSession, announcement_id: UUID
) -> tuple[Announcement, list[Hearing]]:
    """Return an announcement and the calls that heard it, the latest first.

    Raises:
        NotFound: if there is none of this id.
    """
    row = await Announcements(session).get(announcement_id)
    heard = await Hearings(session).with_calls([announcement_id])
    return _value(row), [
        Hearing(
            call=view_of(call),
            began_at=each.began_at,
            choice=each.choice,
            what=_class(each, call),
        )
        for each, call in heard
    ]


async def begin_hearing(
    uow: UnitOfWork, call_id: CallId, announcement_id: UUID, *, now: datetime
) -> None:
    """A call hears an announcement from now on."""
    await Hearings(uow.session).begin(call_id, announcement_id, now)


async def end_hearing(uow: UnitOfWork, call_id: CallId, choice: Choice, *, now: datetime) -> None:
    """The announcement of a call is over, and this was chosen behind it."""
    row = await Hearings(uow.session).get(call_id)
    if row is not None:
        row.heard_at, row.choice = now, choice


async def was_answer(session: AsyncSession, call_id: UUID, ended_at: datetime) -> bool:
    """Say whether a call that nobody answered, and that ended then, had its announcement for it."""
    row = await Hearings(session).get(call_id)
    return row is not None and is_answer(row.choice, row.heard_at, ended_at)


def _class(heard: HearingRow, call: CallRow) -> HearingClass:
    if call.connected_at is not None:
        return HearingClass.PERSON
    if call.ended_at is None:
        return HearingClass.ONGOING
    is_answered = is_answer(heard.choice, heard.heard_at, call.ended_at)
    return HearingClass.ANSWERED if is_answered else HearingClass.PERSON


def _value(row: AnnouncementRow) -> Announcement:
    return Announcement(
        announcement_id=row.id,
        text=row.text,
        prompt=row.prompt,
        lines=tuple(row.lines),
        asks=row.asks,
        from_at=row.from_at,
        until_at=row.until_at,
        made_by=row.made_by,
        made_at=row.made_at,
        ended_by=row.ended_by,
    )
