"""Retention, legal hold, listening with a reason, pauses, and the daily proof."""

import wave
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from hotline.accounts.model import AuditRow
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallDirection, CallEnd
from hotline.contacts.calls.values import CallDraft
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict, Forbidden
from hotline.kernel.ids import CallId, SeatId, UserId, new_id
from hotline.recordings import access, service
from hotline.recordings.completeness import Finding, Proof, prove_day
from hotline.recordings.model import RecordingPauseRow
from hotline.recordings.repository import Recordings
from hotline.recordings.retention import RetentionPolicy, dispose
from hotline.recordings.states import RecordingClass
from tests.conftest import FakeClock

LISTENER = UserId(new_id())
POLICY = RetentionPolicy()
DAY = date(2026, 3, 11)


class Archive:
    """Calls that were answered and recorded, at times that a test chooses."""

    def __init__(self, database: Database, clock: FakeClock, folder: Path) -> None:
        self.database, self.clock, self.folder = database, clock, folder

    async def call(self, *, notice: bool = True, talk: bool = True) -> CallId:
        async with self.database.begin() as uow:
            now = self.clock()
            process_id = await calls.start_process(uow, f"voice-{new_id()}", now=now)
            draft = CallDraft(
                process_id=process_id,
                direction=CallDirection.INBOUND,
                line="12319",
                number="13800001234",
                number_hash="h",
                to_number="12319",
                sip_call_id=str(new_id()),
                contact_id=None,
            )
            call_id = await calls.open_call(uow, draft, now=now)
            await calls.answer_call(uow, call_id, now=now)
            if notice:
                await calls.play_notice(uow, call_id, version="7", now=now)
            if not talk:
                return call_id
            await calls.enter_queue(uow, call_id, queue="main", now=now)
            await calls.connect_call(uow, call_id, seat_id=SeatId(new_id()), now=now)
        return call_id

    async def record(
        self,
        call_id: CallId,
        *,
        seconds: int = 10,
        on_disk: int | None = None,
        cut_to: int | None = None,
        kind: RecordingClass = RecordingClass.INBOUND,
    ) -> UUID:
        """A talk (or a message) of some seconds; less may have reached the disk.

        `cut_to`: the header promises all, but only so many seconds are there.
        """
        part = 2 if kind is RecordingClass.MESSAGE else 1
        path = service.file_name(call_id, self.clock(), part=part)
        async with self.database.begin() as uow:
            recording_id = await service.start_recording(
                uow, call_id, path=path, kind=kind, now=self.clock()
            )
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(file), "wb") as sound:
            sound.setparams((2, 2, 8000, 0, "NONE", ""))
            sound.writeframes(bytes(4 * 8000 * (seconds if on_disk is None else on_disk)))
        if cut_to is not None:
            with file.open("r+b") as cut:
                cut.truncate(44 + 4 * 8000 * cut_to)
        now = self.clock.advance(timedelta(seconds=seconds))
        await service.finish_recording(self.database, recording_id, folder=self.folder, now=now)
        return recording_id

    async def end(self, call_id: CallId) -> None:
        async with self.database.begin() as uow:
            await calls.end_call(uow, call_id, end=CallEnd.SEAT_HUNG_UP, now=self.clock())

    async def file_of(self, recording_id: UUID) -> Path:
        async with self.database.read() as session:
            return self.folder / (await Recordings(session).get(recording_id)).path

    async def prove(self, day: date = DAY) -> list[Proof]:
        async with self.database.read() as session:
            return await prove_day(session, day, folder=self.folder)

    async def dispose(self, now: datetime) -> int:
        return await dispose(self.database, folder=self.folder, policy=POLICY, now=now)

    async def actions(self) -> list[str]:
        async with self.database.read() as session:
            return list(await session.scalars(select(AuditRow.action).order_by(AuditRow.seq)))


@pytest.fixture
def archive(database: Database, clock: FakeClock, tmp_path: Path) -> Archive:
    return Archive(database, clock, tmp_path)


async def listen(archive: Archive, recording_id: UUID) -> UUID:
    async with archive.database.begin() as uow:
        return await access.open_listening(
            uow, recording_id, user_id=LISTENER, login="luo", reason="复核投诉", now=archive.clock()
        )


async def path_for(archive: Archive, recording_id: UUID, listening: UUID, who: UserId) -> str:
    async with archive.database.read() as session:
        return await access.sound_path(
            session, recording_id, listening_id=listening, user_id=who, now=archive.clock()
        )


async def test_sound_is_for_who_gave_a_reason_and_for_half_an_hour(archive: Archive) -> None:
    recording_id = await archive.record(await archive.call())

    listening = await listen(archive, recording_id)

    assert (archive.folder / await path_for(archive, recording_id, listening, LISTENER)).exists()
    assert await archive.actions() == ["recording.listen"]
    with pytest.raises(Forbidden):
        await path_for(archive, recording_id, listening, UserId(new_id()))
    with pytest.raises(Forbidden):
        await path_for(archive, recording_id, new_id(), LISTENER)
    archive.clock.advance(timedelta(minutes=30))
    with pytest.raises(Forbidden):
        await path_for(archive, recording_id, listening, LISTENER)


async def test_a_recording_goes_when_its_time_is_over_and_its_hash_stays(archive: Archive) -> None:
    recording_id = await archive.record(await archive.call())
    file = await archive.file_of(recording_id)
    end = archive.clock()

    assert await archive.dispose(end + timedelta(days=730)) == 0
    assert await archive.dispose(end + timedelta(days=730, seconds=1)) == 1
    assert await archive.dispose(end + timedelta(days=731)) == 0

    assert not file.exists()
    async with archive.database.read() as session:
        row = await Recordings(session).get(recording_id)
        disposal = await Recordings(session).disposal(recording_id)
    assert row.sha256 is not None
    assert disposal is not None
    assert disposal.rule == "inbound: 730 days"
    with pytest.raises(Conflict):
        await listen(archive, recording_id)


async def test_a_legal_hold_outlasts_the_retention_until_it_is_lifted(archive: Archive) -> None:
    recording_id = await archive.record(await archive.call())
    late = archive.clock() + timedelta(days=4000)
    async with archive.database.begin() as uow:
        await access.place_hold(
            uow,
            recording_id,
            user_id=LISTENER,
            login="tang",
            reason="行政复议",
            now=archive.clock(),
        )
    with pytest.raises(Conflict):
        async with archive.database.begin() as uow:
            await access.place_hold(
                uow,
                recording_id,
                user_id=LISTENER,
                login="tang",
                reason="再次",
                now=archive.clock(),
            )

    assert await archive.dispose(late) == 0

    async with archive.database.begin() as uow:
        await access.lift_hold(
            uow, recording_id, login="tang", reason="已结案", now=archive.clock()
        )
    assert await archive.dispose(late) == 1
    assert await archive.actions() == ["recording.hold", "recording.lift_hold"]


async def test_a_pause_is_kept_with_its_reason_and_its_end(archive: Archive) -> None:
    call_id = await archive.call()
    async with archive.database.begin() as uow:
        await service.start_recording(
            uow, call_id, path="a.wav", kind=RecordingClass.INBOUND, now=archive.clock()
        )
    began = archive.clock.advance(timedelta(seconds=5))
    for _ in range(2):  # asked twice, it is one pause
        async with archive.database.begin() as uow:
            await service.pause(uow, call_id, user_id=LISTENER, reason="银行卡号", now=began)
    ended = archive.clock.advance(timedelta(seconds=7))
    for _ in range(2):
        async with archive.database.begin() as uow:
            await service.resume(uow, call_id, now=ended)

    async with archive.database.read() as session:
        (row,) = await session.scalars(select(RecordingPauseRow))
    assert (row.reason, row.paused_at, row.resumed_at) == ("银行卡号", began, ended)


async def test_a_day_is_proven_when_every_answered_call_has_its_sound(archive: Archive) -> None:
    whole, unrecorded = await archive.call(), await archive.call(notice=False)
    await archive.record(whole)
    for call_id in (whole, unrecorded):
        await archive.end(call_id)

    proofs = {proof.call_id: proof for proof in await archive.prove()}

    assert proofs[whole].finding is Finding.WHOLE
    assert (proofs[whole].talk_seconds, proofs[whole].recorded_seconds) == (10.0, 10.0)
    assert proofs[unrecorded].finding is Finding.EXPLAINED
    assert proofs[unrecorded].reason == "no recording notice was played"
    assert await archive.prove(DAY + timedelta(days=1)) == []


async def test_what_is_missing_changed_or_short_is_found(archive: Archive) -> None:
    gone = await archive.call()
    gone_file = await archive.file_of(await archive.record(gone))
    changed = await archive.call()
    changed_file = await archive.file_of(await archive.record(changed))
    short = await archive.call()
    await archive.record(short, seconds=10, on_disk=7)
    never = await archive.call()
    gone_file.unlink()
    sound = bytearray(changed_file.read_bytes())
    sound[-1] ^= 1
    changed_file.write_bytes(sound)
    for call_id in (gone, changed, short, never):
        await archive.end(call_id)

    found = {proof.call_id: proof for proof in await archive.prove()}

    assert [found[each].finding for each in (gone, changed, short, never)] == [
        Finding.UNREADABLE, Finding.CHANGED, Finding.TOO_SHORT, Finding.NO_RECORDING,
    ]  # fmt: skip
    assert found[short].reason == "3.0 s of the talk are missing"


async def test_a_recording_that_began_long_after_the_answer_is_short(archive: Archive) -> None:
    call_id = await archive.call()
    archive.clock.advance(timedelta(seconds=4))
    await archive.record(call_id)
    await archive.end(call_id)

    (proof,) = await archive.prove()

    assert (proof.finding, proof.reason) == (Finding.TOO_SHORT, "4.0 s of the talk are missing")


async def test_a_message_left_after_a_talk_does_not_make_the_talk_short(archive: Archive) -> None:
    call_id = await archive.call()
    await archive.record(call_id)
    archive.clock.advance(timedelta(minutes=1))
    await archive.record(call_id, kind=RecordingClass.MESSAGE)
    await archive.end(call_id)

    assert [each.finding for each in await archive.prove()] == [Finding.WHOLE]


async def test_a_message_is_proven_like_a_talk(archive: Archive) -> None:
    """A message that cannot be played, or is shorter than it was, is found."""
    whole, short, gone = [await archive.call(talk=False) for _ in range(3)]
    await archive.record(whole, kind=RecordingClass.MESSAGE)
    await archive.record(short, kind=RecordingClass.MESSAGE, seconds=10, on_disk=4)
    lost = await archive.file_of(await archive.record(gone, kind=RecordingClass.MESSAGE))
    lost.write_bytes(b"RIFF")
    for call_id in (whole, short, gone):
        await archive.end(call_id)

    found = {proof.call_id: proof for proof in await archive.prove()}

    assert found[whole].finding is Finding.WHOLE
    assert found[short].finding is Finding.TOO_SHORT
    assert found[short].reason == "6.0 s of the message are missing"
    assert found[gone].finding is Finding.UNREADABLE


async def test_a_talk_to_which_a_flow_has_led_is_proven_too(archive: Archive) -> None:
    """A call that no seat answered, but that went on with a department, is a talk."""
    recorded, silent, unasked = [
        await archive.call(talk=False, notice=number < 2) for number in range(3)
    ]
    for call_id in (recorded, silent, unasked):
        async with archive.database.begin() as uow:
            await calls.hand_over(uow, call_id, seat_id=None, now=archive.clock())
        if call_id is recorded:
            await archive.record(call_id)
        await archive.end(call_id)

    found = {proof.call_id: proof for proof in await archive.prove()}

    assert found[recorded].finding is Finding.WHOLE
    assert (found[silent].finding, found[silent].reason) == (
        Finding.NO_RECORDING,
        "no recording was begun",
    )
    assert found[unasked].finding is Finding.EXPLAINED


async def test_of_several_talks_of_a_call_each_needs_its_recording(archive: Archive) -> None:
    call_id = await archive.call()
    await archive.record(call_id)
    archive.clock.advance(timedelta(minutes=1))
    async with archive.database.begin() as uow:
        await calls.hand_over(uow, call_id, seat_id=None, now=archive.clock())
    archive.clock.advance(timedelta(minutes=1))
    await archive.end(call_id)

    (proof,) = await archive.prove()

    assert proof.finding is Finding.NO_RECORDING


async def test_a_file_that_was_cut_off_before_it_was_sealed_is_short(archive: Archive) -> None:
    """Its header promises ten seconds; what can be played are three."""
    call_id = await archive.call()
    await archive.record(call_id, seconds=10, cut_to=3)
    await archive.end(call_id)

    (proof,) = await archive.prove()

    assert (proof.finding, proof.recorded_seconds) == (Finding.TOO_SHORT, 3.0)
    assert proof.reason == "7.0 s of the talk are missing"


async def test_the_day_is_that_of_shanghai(archive: Archive) -> None:
    archive.clock.now = datetime(2026, 3, 10, 15, 59, tzinfo=UTC)  # 23:59 on the 10th
    before = await archive.call()
    archive.clock.now = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)  # 00:00 on the 11th
    after = await archive.call()
    for call_id in (before, after):
        await archive.end(call_id)

    assert [proof.call_id for proof in await archive.prove(DAY)] == [after]
