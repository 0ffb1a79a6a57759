"""Recordings: frames from the ticker, through a bounded queue, to disk in a thread.

The ticker only appends `bytes` to lists. Each half second a chunk goes to the writer thread,
which decodes it, writes the sound and then the header with the sizes so far: the file is a whole
WAV after each chunk, whenever the process is killed. A disk that is too slow costs silence in the
file, never a late tick.
"""

import asyncio
import os
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from channels.voice.media import wav
from channels.voice.media.engine import RecordingFailed, RecordingSummary
from channels.voice.rtp.codec import FRAME_MS, FRAME_SAMPLES, Codec
from channels.voice.rtp.g711 import SILENCE, decode

CHUNK_FRAMES = 25
"""Half a second, so that a kill costs less than a second."""

MAX_PENDING_CHUNKS = 40
"""20 s of one recording may wait for the disk (160 kB of G.711)."""

MAX_SOUND_BYTES = 0xFFFF_FFFF - wav.RECORDING_HEADER_BYTES
"""RIFF sizes have 32 bits: 37 hours."""

FINISH_SECONDS = 10.0

_FRAME_BYTES = FRAME_SAMPLES * wav.RECORDING_FRAME_BYTES
# The page cache survives a kill; the power cut that it does not survive may cost this much.
_SYNC_CHUNKS = 10


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Frames of both sides in one law, after `gap` frames of silence; `b""` stands for silence."""

    gap: int
    codec: Codec
    left: Sequence[bytes]
    right: Sequence[bytes]


class WavFile:
    """A growing stereo recording on disk; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Create the file, which must not exist yet.

        Raises:
            OSError: it cannot be made.
        """
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o640)
        self._sound_bytes = 0
        self._unsynced = 0
        self._write_header()

    @property
    def sound_bytes(self) -> int:
        """Return how much sound the header tells of."""
        return self._sound_bytes

    def append(self, sound: bytes) -> None:
        """Write sound and then the header, so that the header never promises too much.

        Raises:
            OSError: the disk is full or gone, or the file has all that its header can tell.
        """
        if self._sound_bytes + len(sound) > MAX_SOUND_BYTES:
            raise OSError("the recording is too long for a WAV file")
        at = wav.RECORDING_HEADER_BYTES + self._sound_bytes
        view = memoryview(sound)
        while view:
            written = os.pwrite(self._descriptor, view, at)
            at, view = at + written, view[written:]
        self._sound_bytes += len(sound)
        self._write_header()
        self._unsynced += 1
        if self._unsynced >= _SYNC_CHUNKS:
            os.fdatasync(self._descriptor)
            self._unsynced = 0

    def close(self) -> None:
        """Put everything on disk and close; the descriptor is freed in any case."""
        try:
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)

    def _write_header(self) -> None:
        os.pwrite(self._descriptor, wav.recording_header(self._sound_bytes), 0)


class RecordingWriter:
    """The one thread that writes all recordings of an engine."""

    def __init__(self) -> None:
        # Chunks are bounded by each recording, so nothing here can pile up.
        self._queue: queue.SimpleQueue[tuple[Recording, _Chunk | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
        self._thread.start()

    def put(self, recording: "Recording", chunk: _Chunk | None) -> None:
        """Hand over a chunk, or None for the end of the recording; never blocks."""
        self._queue.put((recording, chunk))

    def stop(self, timeout: float = FINISH_SECONDS) -> None:
        """End the thread after what is queued; blocks, so call it in a thread."""
        self._queue.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            recording, chunk = item
            if chunk is None:
                recording.finish_in_thread()
            else:
                recording.write_in_thread(chunk)


class Recording:
    """One recording that is going on; fed by the ticker, written by the thread."""

    def __init__(self, path: Path, file: WavFile, writer: RecordingWriter) -> None:
        self.path = path
        self.is_paused = False
        self._file = file
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._is_finishing = False
        self._codec = Codec.PCMA
        self._gap = 0
        self._left: list[bytes] = []
        self._right: list[bytes] = []
        self._frames = 0
        self._lost_frames = 0
        # Each written by one side only: the difference is what waits.
        self._put = 0
        self._done = 0
        self._problem: str | None = None

    @classmethod
    async def create(cls, path: Path, writer: RecordingWriter) -> "Recording":
        """Open a file for recording.

        Raises:
            RecordingFailed: it exists already, or cannot be made.
        """
        try:
            file = await asyncio.to_thread(WavFile, path)
        except OSError as error:
            raise RecordingFailed(path, error.strerror or "cannot be made") from error
        return cls(path, file, writer)

    def add(self, left: bytes | None, right: bytes | None, codec: Codec) -> None:
        """Add one frame of both sides in the law `codec`; None is silence."""
        if self.is_paused:
            self.add_silence(1)
            return
        if codec is not self._codec:
            self._hand_over()
            self._codec = codec
        self._left.append(left or b"")
        self._right.append(right or b"")
        self._frames += 1
        if len(self._left) >= CHUNK_FRAMES:
            self._hand_over()

    def add_silence(self, frames: int) -> None:
        """Add silence on both sides, so that the file stays in step with time."""
        if self._left:
            self._hand_over()
        self._gap += frames
        self._frames += frames
        if self._gap >= CHUNK_FRAMES:
            self._hand_over()

    async def finish(self) -> RecordingSummary:
        """Write what is left, close the file and tell what became of it."""
        if not self._is_finishing:
            self._is_finishing = True
            self._hand_over()
            self._writer.put(self, None)
        try:
            async with asyncio.timeout(FINISH_SECONDS):
                await asyncio.shield(self._finished)
        except TimeoutError:
            self._problem = "the disk did not finish in time"
        return RecordingSummary(
            path=self.path,
            duration_ms=self._file.sound_bytes // _FRAME_BYTES * FRAME_MS,
            lost_ms=self._lost_frames * FRAME_MS,
            problem=self._problem,
        )

    def _hand_over(self) -> None:
        if not self._left and not self._gap:
            return
        if self._put - self._done >= MAX_PENDING_CHUNKS:
            self._lost_frames += len(self._left)
            self._gap += len(self._left)
        else:
            chunk = _Chunk(self._gap, self._codec, self._left, self._right)
            self._writer.put(self, chunk)
            self._put += 1
            self._gap = 0
        self._left, self._right = [], []

    def write_in_thread(self, chunk: _Chunk) -> None:
        """Write one chunk; after a failure the rest is thrown away."""
        try:
            if self._problem is None:
                self._write(chunk)
        except OSError as error:
            self._problem = error.strerror or str(error)
        finally:
            self._done += 1

    def finish_in_thread(self) -> None:
        """Close the file and wake whoever waits for it."""
        try:
            self._file.close()
        except OSError as error:
            self._problem = self._problem or error.strerror or str(error)
        # The loop may be gone already when a process ends in disorder.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._set_finished)

    def _set_finished(self) -> None:
        if not self._finished.done():
            self._finished.set_result(None)

    def _write(self, chunk: _Chunk) -> None:
        # A gap may be hours of pause: a second at a time.
        gap = chunk.gap
        while gap > 0:
            step = min(gap, 2 * CHUNK_FRAMES)
            self._file.append(bytes(step * _FRAME_BYTES))
            gap -= step
        if chunk.left:
            silence = SILENCE[chunk.codec]
            left, right = (
                decode(chunk.codec, b"".join(frame or silence for frame in side))
                for side in (chunk.left, chunk.right)
            )
            self._file.append(wav.interleave(left, right))
