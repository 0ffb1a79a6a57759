"""The citizen's mailbox: a small SMTP server that keeps what it is given."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, Envelope, Session

from config.demo.clients import StepFailed


class Mailbox:
    """Mails as texts, oldest first; the relay of the demo."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.port = 0
        self._news = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncGenerator["Mailbox", None]:
        """Listen on a free port while the block runs."""
        box = cls()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(box, loop=loop, enable_SMTPUTF8=True), "127.0.0.1", 0
        )
        async with server:
            box.port = server.sockets[0].getsockname()[1]
            yield box

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep one mail."""
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        body = mail.get_body(("plain",))
        text = f"{mail['Subject']}\n{body.get_content() if body else ''}"
        async with self._news:
            self.texts.append(text)
            self._news.notify_all()
        return "250 2.0.0 kept"

    async def wait(self, words: str, *, patience: float) -> str:
        """Return the first mail with these words, which may still have to come.

        Raises:
            StepFailed: if none comes within `patience` seconds.
        """
        try:
            async with asyncio.timeout(patience), self._news:
                await self._news.wait_for(lambda: any(words in text for text in self.texts))
        except TimeoutError:
            raise StepFailed(f"no mail with {words} came within {patience:g} s") from None
        return next(text for text in self.texts if words in text)
