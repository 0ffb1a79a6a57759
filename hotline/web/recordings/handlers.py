"""The pages of recordings, for those who may."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from aiohttp import web

from hotline.accounts.repository import Users
from hotline.accounts.roles import Role
from hotline.contacts.calls import service as calls
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid, NotFound
from hotline.kernel.ids import CallId, UserId
from hotline.kernel.privacy import mask_phone
from hotline.queues.abuse import is_flagged
from hotline.recordings import access
from hotline.recordings.parts import PartKind, parts_of
from hotline.recordings.repository import Recordings
from hotline.recordings.seal import Unreadable
from hotline.recordings.waveform import BUCKETS, Waveform, outline, read_waveform
from hotline.tickets.reading import tickets_of_call
from hotline.web.auth import current_user
from hotline.web.keys import CLOCK, DATABASE
from hotline.web.pages import render
from hotline.web.recordings.options import RECORDINGS, RecordingsOptions
from hotline.web.requests import form_fields, path_id
from hotline.web.routing import MenuEntry, MenuGroup, Route, WebPart

HEARING_ROLES: Final = frozenset({Role.SHIFT_LEADER, Role.SUPERVISOR})
HOLD_ROLES: Final = frozenset({Role.SUPERVISOR})

MOST: Final = 500
"""Recordings of a day on one page."""

WAVE_HEIGHT: Final = 60
SHORTEST_REASON: Final = 2
LONGEST_REASON: Final = 200


async def get_list(request: web.Request) -> web.Response:
    """Show the recordings of one day; today if none is named."""
    day = _day(request)
    begin = datetime.combine(day, time(0), SHANGHAI)
    async with request.app[DATABASE].read() as session:
        found = await Recordings(session).between(begin, begin + timedelta(days=1), limit=MOST)
        lines = [
            {
                "recording": row,
                "number": mask_phone(call.number) if call.number else None,
                "line": call.line,
                "flagged": await is_flagged(session, call.id),
            }
            for row, call in found
        ]
    return render(request, "hotline/recordings.html", day=day, lines=lines, most=MOST)


async def get_recording(request: web.Request) -> web.Response:
    """Show one recording: what is known of it, its shape, who has heard it, and its sound."""
    recording_id = path_id(request, "recording_id")
    user = current_user(request)
    listening = request.query.get("listening", "")
    async with request.app[DATABASE].read() as session:
        found = Recordings(session)
        row = await found.get(recording_id)
        pauses = await found.pauses(recording_id)
        hold = await found.hold(recording_id)
        disposal = await found.disposal(recording_id)
        opened = await access.listenings(session, recording_id)
        names = {each.user_id: await _name(Users(session), each.user_id) for each in opened}
        happened = await calls.happened(session, CallId(row.call_id))
        tickets = await tickets_of_call(session, CallId(row.call_id))
    wave = None
    if row.sha256 is not None and disposal is None:
        wave = await _shape(request, row.path)
    return render(
        request,
        "hotline/recording.html",
        recording=row,
        tickets=tickets,
        pauses=pauses,
        hold=hold,
        disposal=disposal,
        listenings=[(each, names[each.user_id]) for each in opened],
        wave=wave,
        outlines=_outlines(wave),
        parts=_parts(happened, row.started_at, wave) if wave else (),
        buckets=BUCKETS,
        listening=listening,
        may_hold=not HOLD_ROLES.isdisjoint(user.roles),
    )


async def post_listening(request: web.Request) -> web.Response:
    """Open a recording with a reason, and go back to its page, which then has the sound."""
    recording_id = path_id(request, "recording_id")
    reason = await _reason(request)
    user = current_user(request)
    async with request.app[DATABASE].begin() as uow:
        listening = await access.open_listening(
            uow,
            recording_id,
            user_id=user.id,
            login=user.login,
            reason=reason,
            now=request.app[CLOCK](),
        )
    return _see(f"/recordings/{recording_id}?listening={listening}#sound")


async def get_sound(request: web.Request) -> web.StreamResponse:
    """Send the sound to one who has opened the recording; by parts where the page asks so.

    Raises:
        Forbidden: if this person has not opened it, or too long ago.
        NotFound: if the file is gone.
    """
    recording_id = path_id(request, "recording_id")
    listening = _uuid(request.query.get("listening", ""))
    async with request.app[DATABASE].read() as session:
        name = await access.sound_path(
            session,
            recording_id,
            listening_id=listening,
            user_id=current_user(request).id,
            now=request.app[CLOCK](),
        )
    path = request.app[RECORDINGS].folder / name
    if not await asyncio.to_thread(path.is_file):
        raise NotFound("recording", recording_id)
    return web.FileResponse(path, headers={"Cache-Control": "no-store"})


async def post_hold(request: web.Request) -> web.Response:
    """Place a legal hold, or lift it, with a reason."""
    recording_id = path_id(request, "recording_id")
    reason = await _reason(request)
    user = current_user(request)
    now = request.app[CLOCK]()
    async with request.app[DATABASE].begin() as uow:
        if (await form_fields(request)).get("act") == "lift":
            await access.lift_hold(uow, recording_id, login=user.login, reason=reason, now=now)
        else:
            await access.place_hold(
                uow, recording_id, user_id=user.id, login=user.login, reason=reason, now=now
            )
    return _see(f"/recordings/{recording_id}")


async def _name(users: Users, user_id: UUID) -> str:
    found = await users.get(UserId(user_id))
    return found.display_name if found else "—"


async def _shape(request: web.Request, name: str) -> Waveform | None:
    try:
        return await asyncio.to_thread(read_waveform, request.app[RECORDINGS].folder / name)
    except Unreadable:
        return None


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part of the call, as a mark on the sound and as a line of the list."""

    kind: PartKind
    began_at: datetime
    begin: timedelta
    end: timedelta
    left: float
    """Where it begins, as a share of the whole."""
    width: float

    @property
    def lasts(self) -> timedelta:
        """How long it is."""
        return self.end - self.begin


def _parts(
    happened: Sequence[tuple[datetime, str]], began: datetime, wave: Waveform
) -> tuple[ShownPart, ...]:
    whole = timedelta(milliseconds=max(wave.duration_ms, 1))
    return tuple(
        ShownPart(
            part.kind,
            began + part.begin,
            part.begin,
            part.end,
            part.begin / whole,
            (part.end - part.begin) / whole,
        )
        for part in parts_of(happened, began=began, lasts=whole)
    )


def _outlines(wave: Waveform | None) -> tuple[str, str]:
    if wave is None:
        return "", ""
    return (
        outline(wave.citizen, top=0, height=WAVE_HEIGHT),
        outline(wave.seat, top=WAVE_HEIGHT, height=WAVE_HEIGHT),
    )


async def _reason(request: web.Request) -> str:
    """Return the reason in the form.

    Raises:
        Invalid: if there is none.
    """
    reason = (await form_fields(request)).get("reason", "").strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Invalid("reason", "a reason of 2 to 200 characters is needed")
    return reason


def _day(request: web.Request) -> date:
    """Return the day that is asked for.

    Raises:
        Invalid: if it is no day.
    """
    text = request.query.get("day", "")
    if not text:
        return request.app[CLOCK]().astimezone(SHANGHAI).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("day", "must be YYYY-MM-DD") from None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("listening", text) from None


def _see(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


ROUTES = (
    Route("GET", "/recordings", get_list, HEARING_ROLES, "recordings"),
    Route("GET", "/recordings/{recording_id}", get_recording, HEARING_ROLES, "recordings.read"),
    Route(
        "POST",
        "/recordings/{recording_id}/listenings",
        post_listening,
        HEARING_ROLES,
        "recordings.listen",
    ),
    Route("GET", "/recordings/{recording_id}/sound", get_sound, HEARING_ROLES, "recordings.sound"),
    Route("POST", "/recordings/{recording_id}/hold", post_hold, HOLD_ROLES, "recordings.hold"),
)


def recordings_part(options: RecordingsOptions) -> WebPart:
    """Return the pages of recordings as a part of the web process."""
    return WebPart(
        "recordings",
        ROUTES,
        menu=(MenuEntry("录音", "/recordings", HEARING_ROLES, MenuGroup.SHIFT),),
        provides={RECORDINGS: options},
    )
