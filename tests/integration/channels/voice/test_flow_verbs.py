"""What a flow does beyond the queue: messages, the status of a ticket, transfers; by sound."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.phone import Phone, PhoneOptions
from channels.voice.process import VoiceProcess
from channels.voice.tones import hears_tone, write_tone
from config.catalogue import load_catalogue
from config.jobs import JOBS
from hotline.callbacks.attempts import attempt
from hotline.callbacks.links import LinkOptions
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.policy import CallbackPolicy
from hotline.callbacks.reading import callback_view
from hotline.callbacks.service import schedule_callback
from hotline.contacts.announcements import service as announcements
from hotline.contacts.announcements.choice import Choice
from hotline.contacts.announcements.service import AnnouncementDraft, HearingClass
from hotline.contacts.calls.model import CallRow
from hotline.contacts.calls.states import CallEnd
from hotline.contacts.contact import Channel
from hotline.intake.voicemail import JOB, open_voicemail
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import CallId, TicketId, new_id
from hotline.kernel.outbox import OutboxRow
from hotline.queues.control.states import TargetKind, TransferResult
from hotline.queues.phone_directory import DirectoryEntry, save_directory
from hotline.queues.phone_model import TransferRow
from hotline.queues.states import SeatState
from hotline.recordings import service as recordings
from hotline.recordings.model import RecordingRow
from hotline.recordings.states import RecordingClass, RecordingState
from hotline.tickets import reading
from hotline.tickets.model import TicketRow
from hotline.tickets.query_code import query_code
from hotline.tickets.service import open_ticket
from hotline.tickets.ticket import RequestKind, TicketDraft
from ivr.checks import DATE_PROMPTS
from ivr.flow import Flow
from ivr.loader import load_flow
from tests.integration.channels.voice.conftest import CITIZEN_HZ, SEAT_HZ
from tests.integration.channels.voice.hall import (
    CODES,
    MUSIC_HZ,
    TONES,
    Hall,
    eventually,
    hears,
    open_hall,
    outbound_to,
    voice_options,
)
from tests.integration.hotline.tickets.drafts import resolved_ticket

BEEP_HZ, KEPT_HZ, NOTHING_HZ, TRANSFERRED_HZ, UNKNOWN_HZ = 1000.0, 1300.0, 1500.0, 1700.0, 1900.0
CHOICE_HZ, UPLOADED_HZ = 2300.0, 2700.0

SOUNDS = {
    "beep": (BEEP_HZ, 0.4),
    "message_kept": (KEPT_HZ, 0.6),
    "message_nothing": (NOTHING_HZ, 0.6),
    "status_transferred": (TRANSFERRED_HZ, 0.6),
    "status_open": (2100.0, 0.6),
    "status_unknown": (UNKNOWN_HZ, 0.6),
    "digit_1_yao": (600.0, 0.1),
    "announcement_choice": (CHOICE_HZ, 0.5),
    "incident_water": (2500.0, 0.6),
    **dict.fromkeys(DATE_PROMPTS, (600.0, 0.1)),
}

MESSAGE = """
name: main
version: "7"
language: zh-CN
start: pick_up
variables:
  message_number: {later: yes}
  message_code: {later: yes}
steps:
  pick_up: {answer: yes, next: noted}
  noted: {note: recording_notice, value: "notice-7", next: message}
  message: {voicemail: [ask], limit: 20, silence: 2, kept: kept, nothing: nothing}
  kept: {play: [message_kept, "digits:{message_number}", "digits:{message_code}"], next: done}
  nothing: {play: [message_nothing], next: done}
  done: {hangup: yes}
"""

WHY = """
name: survey
version: "7"
language: zh-CN
start: ask_solved
variables:
  ticket_number: {}
  outcome: {values: [solved, declined, answered]}
steps:
  ask_solved:
    menu: [ask]
    report: solved
    keys: {1: thanks, 2: noted}
    timeout: 10
    failed: done
  noted: {note: recording_notice, value: "notice-7", next: words}
  words: {voicemail: [ask], limit: 20, silence: 15, kept: thanks, nothing: done}
  thanks: {play: [thanks], next: done}
  done: {hangup: yes}
"""

STATUS = """
name: main
version: "7"
language: zh-CN
start: pick_up
variables:
  ticket_state: {values: [open, transferred], later: yes}
  opened_on: {later: yes}
steps:
  pick_up: {answer: yes, next: ask_number}
  ask_number:
    {collect: [ask], variable: number, timeout: 5, visits: 3, next: ask_code, failed: to_seat}
  ask_code: {collect: [ask], variable: code, timeout: 5, next: look, failed: to_seat}
  look: {lookup: ticket, by: [number, code], found: read_out, not_found: unknown}
  read_out: {play: ["date:{opened_on}", "prompt:status_{ticket_state}"], next: done}
  unknown: {play: [status_unknown], next: ask_number}
  to_seat: {enqueue: hotline, answered: done, no_seats: done, overflow: done}
  done: {hangup: yes}
"""

TRANSFER = """
name: main
version: "7"
language: zh-CN
start: pick_up
steps:
  pick_up: {{answer: yes, next: noted}}
  noted: {{note: recording_notice, value: "notice-7", next: onward}}
  onward: {{transfer: "{target}", answered: done, failed: nobody}}
  nobody: {{play: [goodbye], next: done}}
  done: {{hangup: yes}}
"""


ANNOUNCEMENT = """
name: main
version: "7"
language: zh-CN
start: pick_up
steps:
  pick_up: {answer: yes, next: incident}
  incident: {announcement: yes, off: nothing, heard: person, enough: done}
  nothing: {play: [message_nothing], next: done}
  person: {play: [thanks], next: done}
  done: {hangup: yes}
"""


def flows(folder: Path, text: str) -> dict[str, Flow]:
    """The flow, with the prompts that it needs as tones beside those of the hall."""
    voice_options(folder)
    for name, (hertz, seconds) in SOUNDS.items():
        file = folder / "prompts" / "zh-CN" / f"{name}.wav"
        if not file.exists():
            write_tone(file, hertz, seconds=seconds)
    flow = load_flow(text, "test", frozenset({**TONES, **SOUNDS}))
    return {flow.name: flow}


async def the_ticket(database: Database) -> TicketRow | None:
    async with database.read() as session:
        return await session.scalar(select(TicketRow))


async def the_recording(database: Database) -> RecordingRow:
    async with database.read() as session:
        return (await session.scalars(select(RecordingRow))).one()


async def test_a_message_ends_with_silence_and_becomes_a_ticket_with_its_sound(
    live_database: Database, tmp_path: Path, citizen_voice: Path
) -> None:
    async with (
        open_hall(live_database, tmp_path, flows=flows(tmp_path, MESSAGE)) as hall,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        await hears(call.heard, BEEP_HZ, seconds=0.3)
        await call.play(citizen_voice)
        await call.wait_over(timeout=20)
        row = await hall.ended_call()

    assert row.end is CallEnd.FLOW_ENDED
    assert hears_tone(call.heard, KEPT_HZ, seconds=0.4)
    assert not hears_tone(call.heard, NOTHING_HZ, seconds=0.2)
    recording = await the_recording(live_database)
    assert (recording.kind, recording.state) == (RecordingClass.MESSAGE, RecordingState.SEALED)
    sound = hall.options.recordings / recording.path
    assert hears_tone(sound, CITIZEN_HZ, seconds=1.5)
    assert not hears_tone(sound, KEPT_HZ, channel=1, seconds=0.1)
    ticket = await the_ticket(live_database)
    assert ticket is not None
    assert (ticket.channel, ticket.call_id, ticket.reply_to) == (
        Channel.VOICE, row.id, "13800001234",
    )  # fmt: skip
    assert ticket.contact_id == row.contact_id


async def test_who_hangs_up_after_speaking_has_left_a_message_too(
    live_database: Database, tmp_path: Path, citizen_voice: Path
) -> None:
    async with (
        open_hall(live_database, tmp_path, flows=flows(tmp_path, MESSAGE)) as hall,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        await hears(call.heard, BEEP_HZ, seconds=0.3)
        await call.play(citizen_voice)
        await call.hang_up()
        row = await hall.ended_call()

    ticket = await the_ticket(live_database)
    assert ticket is not None
    assert ticket.call_id == row.id
    assert row.end is CallEnd.CALLER_HUNG_UP


async def test_the_hash_ends_a_message_at_once(
    live_database: Database, tmp_path: Path, citizen_voice: Path
) -> None:
    text = MESSAGE.replace("silence: 2", "silence: 15")
    async with (
        open_hall(live_database, tmp_path, flows=flows(tmp_path, text)) as hall,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        await hears(call.heard, BEEP_HZ, seconds=0.3)
        await call.play(citizen_voice)
        await call.press("#")
        await hears(call.heard, KEPT_HZ, seconds=0.4)
        await call.hang_up()
        await hall.ended_call()

    assert (await the_recording(live_database)).duration_ms in range(1_800, 12_000)


async def test_who_says_not_solved_may_say_why_and_it_is_no_new_matter(
    live_database: Database, tmp_path: Path, citizen_voice: Path
) -> None:
    """R69, R80: kept with the callback, sealed like every recording; no ticket comes of it."""
    now = system_clock()
    options = CallbackOptions(
        links=LinkOptions(b"a secret of the installation", "https://city.example"),
        channels=frozenset({Channel.VOICE}),
        policy=CallbackPolicy.for_demo(),
    )
    ticket_id = await resolved_ticket(live_database, now, reply_to="13800009999")
    async with live_database.begin() as uow:
        asked = await schedule_callback(uow, ticket_id, policy=options.policy, now=now)
    carrier = PhoneOptions(user="carrier", folder=tmp_path)
    async with (
        Phone.open(carrier) as citizen,
        open_hall(
            live_database,
            tmp_path,
            flows=flows(tmp_path, WHY),
            **outbound_to(*citizen.address),
        ) as hall,
    ):
        await attempt(live_database, asked, attempt_no=1, options=options, now=system_clock())
        hall.voice.wake("orders")
        call = await citizen.next_call(timeout=90)
        await call.press("2")
        await hears(call.heard, BEEP_HZ, seconds=0.3)
        await call.play(citizen_voice)
        await call.press("#")
        await hears(call.heard, 1100.0, seconds=0.2)  # thanks
        await call.wait_over(timeout=20)
        await hall.ended_call()

    recording = await the_recording(live_database)
    async with live_database.read() as session:
        callback = await callback_view(session, asked)
        jobs = set(await session.scalars(select(OutboxRow.job)))
        tickets = list(await session.scalars(select(TicketRow.id)))
    assert (callback.solved, callback.spoken_id) == (2, recording.id)
    assert (recording.kind, recording.state) == (RecordingClass.MESSAGE, RecordingState.SEALED)
    assert tickets == [ticket_id]
    assert JOB not in jobs


async def test_silence_after_the_tone_is_no_message(
    live_database: Database, tmp_path: Path
) -> None:
    async with (
        open_hall(live_database, tmp_path, flows=flows(tmp_path, MESSAGE)) as hall,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        await call.wait_over(timeout=20)
        await hall.ended_call()

    assert hears_tone(call.heard, NOTHING_HZ, seconds=0.4)
    assert await the_ticket(live_database) is None


async def test_the_ticket_is_owed_before_the_first_word_and_opened_once(
    live_database: Database, tmp_path: Path, citizen_voice: Path
) -> None:
    """R12: a process that dies in the middle of a message loses no citizen's matter."""
    async with (
        open_hall(live_database, tmp_path, flows=flows(tmp_path, MESSAGE)) as hall,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        await hears(call.heard, BEEP_HZ, seconds=0.3)

        async def owed() -> bool:
            async with live_database.read() as session:
                return await session.scalar(select(OutboxRow.id).filter_by(job=JOB)) is not None

        await eventually(owed, "the ticket is owed")
        running = await the_recording(live_database)
        with pytest.raises(Unavailable):
            await _open(hall, running)
        await call.play(citizen_voice)
        await call.hang_up()
        await hall.ended_call()
        first = await the_ticket(live_database)
        second = await _open(hall, running)

    assert JOB in JOBS
    assert first is not None
    assert second == first.id


async def _open(hall: Hall, recording: RecordingRow) -> TicketId | None:
    return await open_voicemail(
        hall.database,
        recording.id,
        folder=hall.options.recordings,
        people=hall.options.people,
        now=system_clock(),
    )


async def test_a_message_whose_file_is_lost_is_a_ticket_all_the_same(
    live_database: Database, tmp_path: Path
) -> None:
    async with open_hall(live_database, tmp_path) as hall:
        async with hall.phone() as citizen:
            call = await citizen.dial(hall.line())
            await call.hang_up()
            row = await hall.ended_call()
        async with live_database.begin() as uow:
            lost = await recordings.start_recording(
                uow,
                CallId(row.id),
                path="lost.wav",
                kind=RecordingClass.MESSAGE,
                now=system_clock(),
            )
        await recordings.finish_recording(
            live_database, lost, folder=hall.options.recordings, now=system_clock()
        )
        async with live_database.read() as session:
            recording = await session.get_one(RecordingRow, lost)
        await _open(hall, recording)

    ticket = await the_ticket(live_database)
    assert ticket is not None
    assert "没有保存" in ticket.body


async def a_ticket(database: Database) -> tuple[str, str]:
    """A ticket's number and query code."""
    async with database.begin() as uow:
        ticket_id = await open_ticket(
            uow,
            TicketDraft(
                channel=Channel.WEB,
                request_kind=RequestKind.OTHER,
                subject="路灯不亮",
                body="三盏",
                reply_channel=Channel.WEB,
                reply_to=None,
                origin_key=str(new_id()),
            ),
            now=system_clock(),
        )
    async with database.read() as session:
        number = (await reading.ticket_view(session, ticket_id)).number
    return number, query_code(CODES, ticket_id, 1)


async def test_number_and_code_open_the_status_by_telephone(
    live_database: Database, tmp_path: Path
) -> None:
    number, code = await a_ticket(live_database)
    async with (
        open_hall(live_database, tmp_path, flows=flows(tmp_path, STATUS)) as hall,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        await call.press(f"{number}#{code}#")
        await call.wait_over(timeout=20)

    assert hears_tone(call.heard, 2100.0, seconds=0.4)
    assert not hears_tone(call.heard, TRANSFERRED_HZ, seconds=0.2)


async def test_after_three_wrong_codes_a_seat_is_asked(
    live_database: Database, tmp_path: Path, seat_voice: Path
) -> None:
    number, code = await a_ticket(live_database)
    wrong = "000000" if code != "000000" else "111111"
    async with (
        open_hall(live_database, tmp_path, flows=flows(tmp_path, STATUS)) as hall,
        hall.seat("8001", microphone=seat_voice),
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        for tries in range(1, 4):
            await call.press(f"{number}#{wrong}#")
            await hears(call.heard, UNKNOWN_HZ, seconds=0.5 * tries)
        await hall.seat_is("8001", SeatState.TALKING)
        await hears(call.heard, SEAT_HZ)
        await call.hang_up()

    ticket = await the_ticket(live_database)
    assert ticket is not None
    assert ticket.code_failures == 3


async def test_a_flow_connects_with_a_seat_by_its_extension(
    live_database: Database, tmp_path: Path, citizen_voice: Path, seat_voice: Path
) -> None:
    text = TRANSFER.format(target="seat:8002")
    async with (
        open_hall(live_database, tmp_path, flows=flows(tmp_path, text)) as hall,
        hall.seat("8001"),
        hall.seat("8002", microphone=seat_voice) as seat,
        hall.phone(microphone=citizen_voice) as citizen,
    ):
        call = await citizen.dial(hall.line())
        taken = await seat.next_call()
        await hears(taken.heard, CITIZEN_HZ)
        await hears(call.heard, SEAT_HZ)
        await taken.hang_up()
        await call.wait_over(timeout=20)
        row = await hall.ended_call()
        await hall.seat_is("8002", SeatState.WRAP_UP)

    assert row.seat_id == hall.seats["8002"]
    assert (await the_recording(live_database)).state is RecordingState.SEALED


async def test_a_flow_connects_with_an_emergency_service_of_the_directory(
    live_database: Database, tmp_path: Path, citizen_voice: Path, seat_voice: Path
) -> None:
    text = TRANSFER.format(target="emergency:119")
    async with live_database.begin() as uow:
        entry = DirectoryEntry(
            key="119", kind=TargetKind.EMERGENCY, name_zh="消防救援", number="119"
        )
        await save_directory(uow, [entry])
    async with (
        Phone.open(PhoneOptions(user="fire", folder=tmp_path, microphone=seat_voice)) as fire,
        open_hall(
            live_database,
            tmp_path,
            flows=flows(tmp_path, text),
            **outbound_to(*fire.address),  # type: ignore[arg-type]
        ) as hall,
        hall.phone(microphone=citizen_voice) as citizen,
    ):
        call = await citizen.dial(hall.line())
        taken = await fire.next_call()
        await hears(taken.heard, CITIZEN_HZ)
        await hears(call.heard, SEAT_HZ)
        await taken.hang_up()
        await call.wait_over(timeout=20)
        await hall.ended_call()

    async with live_database.read() as session:
        transfer = (await session.scalars(select(TransferRow))).one()
    assert (transfer.target, transfer.seat_id, transfer.result) == (
        "119", None, TransferResult.CONNECTED,
    )  # fmt: skip


async def test_nobody_outside_the_directory_is_dialled(
    live_database: Database, tmp_path: Path
) -> None:
    text = TRANSFER.format(target="department:13800009999")
    async with (
        Phone.open(PhoneOptions(user="stranger", folder=tmp_path)) as stranger,
        open_hall(
            live_database,
            tmp_path,
            flows=flows(tmp_path, text),
            **outbound_to(*stranger.address),  # type: ignore[arg-type]
        ) as hall,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        await call.wait_over(timeout=20)

    assert hears_tone(call.heard, 1200.0, seconds=0.4)
    assert not hears_tone(call.heard, MUSIC_HZ, seconds=0.2)
    async with live_database.read() as session:
        assert (await session.scalars(select(TransferRow))).all() == []


BY_DAY = """
name: main
version: "7"
language: zh-CN
start: pick_up
variables:
  day: {values: [workday, weekend, holiday, make_up]}
steps:
  pick_up: {answer: yes, next: kind}
  kind: {branch: day, cases: {holiday: closed}, otherwise: open}
  closed: {play: [message_nothing], next: done}
  open: {play: [message_kept], next: done}
  done: {hangup: yes}
"""


@pytest.mark.parametrize(
    ("at", "heard"),
    [
        (datetime(2026, 10, 1, 4, tzinfo=UTC), NOTHING_HZ),
        (datetime(2026, 9, 30, 16, tzinfo=UTC), NOTHING_HZ),
        (datetime(2026, 9, 30, 15, 59, tzinfo=UTC), KEPT_HZ),
        (datetime(2026, 11, 21, 4, tzinfo=UTC), KEPT_HZ),
    ],
)
async def test_a_flow_branches_by_the_kind_of_day_in_shanghai(
    live_database: Database, tmp_path: Path, at: datetime, heard: float
) -> None:
    """The National Day holiday begins at midnight in Shanghai, not in Greenwich."""
    options = replace(
        voice_options(tmp_path),
        flows=flows(tmp_path, BY_DAY),
        calendar=load_catalogue().calendar,
    )
    async with (
        EmbeddedMediaEngine(EmbeddedMediaOptions("127.0.0.1")) as media,
        VoiceProcess.open(options, live_database, media, clock=lambda: at) as voice,
        Phone.open(PhoneOptions(user="13800001234", folder=tmp_path)) as citizen,
    ):
        host, port = voice.address
        call = await citizen.dial(f"sip:12319@{host}:{port}")
        await call.wait_over(timeout=20)

    assert hears_tone(call.heard, heard, seconds=0.4)
    async with live_database.read() as session:
        row = (await session.scalars(select(CallRow))).one()
    assert (row.flow, row.flow_digest) == ("main", options.flows["main"].digest)


async def announce(database: Database, folder: Path, **changes: object) -> UUID:
    """A shift leader switches a sound on that was handed in, for two hours."""
    write_tone(folder / "uploaded.wav", UPLOADED_HZ, seconds=0.8)
    now = system_clock()
    draft = AnnouncementDraft(
        text="人民路停水",
        sound=(folder / "uploaded.wav").read_bytes(),
        asks=True,
        from_at=now - timedelta(minutes=1),
        until_at=now + timedelta(hours=2),
    )
    async with database.begin() as uow:
        draft = replace(draft, **changes)  # type: ignore[arg-type]
        return await announcements.switch_on(uow, draft, actor="leader", now=now)


async def heard_by(database: Database, announcement_id: UUID) -> list[tuple[Choice, HearingClass]]:
    async with database.read() as session:
        _, heard = await announcements.open_announcement(session, announcement_id)
    return [(each.choice, each.what) for each in heard]


async def test_an_announcement_is_heard_only_while_it_is_on_and_one_key_leaves_it_at_that(
    live_database: Database, tmp_path: Path
) -> None:
    """Issue B 13: the incident switch; whom it answered has not given up."""
    announcement_id = await announce(live_database, tmp_path, lines=("12319",))
    async with (
        open_hall(live_database, tmp_path, flows=flows(tmp_path, ANNOUNCEMENT)) as hall,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        await hears(call.heard, CHOICE_HZ, seconds=0.3)
        await call.press("1")
        await call.wait_over(timeout=20)
        ended = await hall.ended_call()
        other = await citizen.dial(hall.line("12345"))
        await other.wait_over(timeout=20)
        await hall.ended_call(1)
        async with live_database.begin() as uow:
            await announcements.switch_off(uow, announcement_id, actor="leader", now=system_clock())
        late = await citizen.dial(hall.line())
        await late.wait_over(timeout=20)
        await hall.ended_call(2)

    assert ended.end is CallEnd.FLOW_ENDED
    assert hears_tone(call.heard, UPLOADED_HZ, seconds=0.5)
    for nothing in (other, late):
        assert hears_tone(nothing.heard, NOTHING_HZ, seconds=0.4)
        assert not hears_tone(nothing.heard, UPLOADED_HZ, seconds=0.2)
    assert await heard_by(live_database, announcement_id) == [
        (Choice.ENOUGH, HearingClass.ANSWERED)
    ]


async def test_who_wants_a_person_goes_on_behind_a_recorded_announcement(
    live_database: Database, tmp_path: Path
) -> None:
    announcement_id = await announce(live_database, tmp_path, prompt="incident_water", sound=None)
    async with (
        open_hall(live_database, tmp_path, flows=flows(tmp_path, ANNOUNCEMENT)) as hall,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        await hears(call.heard, CHOICE_HZ, seconds=0.3)
        await call.press("2")
        await call.wait_over(timeout=20)
        await hall.ended_call()

    assert hears_tone(call.heard, 2500.0, seconds=0.4)
    assert hears_tone(call.heard, 1100.0, seconds=0.2)  # thanks
    assert await heard_by(live_database, announcement_id) == [(Choice.PERSON, HearingClass.PERSON)]
