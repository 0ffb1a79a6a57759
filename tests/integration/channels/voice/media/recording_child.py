"""A process that records a call until it is killed: `recording_child.py FILE TONE TONE`."""

import asyncio
import sys
from pathlib import Path

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions


async def main(path: Path, left: Path, right: Path) -> None:
    """Record two looping tones, and print when two seconds must have been written."""
    options = EmbeddedMediaOptions("127.0.0.1")
    async with EmbeddedMediaEngine(options) as media, EmbeddedMediaEngine(options) as phones:
        phone, offer = await phones.offer("phone")
        leg, answer = await media.answer("leg", offer)
        await phone.accept_answer(answer)
        await leg.start_recording(path)
        async with asyncio.TaskGroup() as group:
            group.create_task(leg.play([right], loop=True))
            group.create_task(phone.play([left], loop=True))
            await asyncio.sleep(2.5)
            print("recording", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*map(Path, sys.argv[1:])))
