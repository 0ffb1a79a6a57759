"""Session timers: a call whose other side vanished without a word ends by itself (RFC 4028)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from channels.voice.sip.alarms import NEVER
from channels.voice.sip.call import Call, CallBook
from channels.voice.sip.errors import PeerError
from channels.voice.sip.headers import MAX_SECONDS, parse_number, parse_params
from channels.voice.sip.message import Request, Response
from channels.voice.sip.reasons import reason_of
from channels.voice.sip.refresh_timer import GLARE_PAUSE, OTHER_GLARE_PAUSE, SessionTimer
from channels.voice.sip.states import CallState

MIN_SE = 90
"""Seconds: the shortest interval that anybody may ask for (RFC 4028 5)."""

MAX_SE = 86_400
"""Seconds; a longer interval protects nobody."""

TIMER = "timer"


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """A Session-Expires value: seconds, and who refreshes ("uac", "uas", "" undecided)."""

    seconds: int
    refresher: str = ""

    @classmethod
    def parse(cls, text: str) -> "SessionExpires":
        """Parse the value.

        Raises:
            PeerError: 400, if it does not begin with a number.
        """
        number, _, rest = text.partition(";")
        seconds = parse_number(number.strip(), MAX_SECONDS, "Bad Session-Expires")
        params = dict(parse_params(rest))
        refresher = (params.get("refresher") or "").lower()
        return cls(seconds, refresher if refresher in {"uac", "uas"} else "")

    def __str__(self) -> str:
        return f"{self.seconds};refresher={self.refresher}" if self.refresher else f"{self.seconds}"


class SessionTimers:
    """Agrees on the timer of each call, as caller and as callee."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self.on_refresh: Callable[[Call, float], None] = _nothing
        self.on_end: Callable[[Call, float], None] = _nothing

    def ask(self, call: Call) -> list[tuple[str, str]]:
        """Return the headers that ask for a timer in a request of ours."""
        seconds = call.session_seconds or self._book.options.session_seconds
        headers = [("session-expires", str(SessionExpires(seconds, self._role(call))))]
        if call.session_floor > MIN_SE:
            headers.append(("min-se", str(call.session_floor)))
        return headers

    def check(self, request: Request) -> None:
        """Refuse an interval that is too short (RFC 4028 9).

        Raises:
            PeerError: 422 with Min-SE; 400 for a value that is none.
        """
        if "session-expires" not in request.headers:
            return
        wanted = SessionExpires.parse(request.header("session-expires"))
        if wanted.seconds < MIN_SE and _supports_timer(request):
            raise PeerError(422, reason_of(422), (("min-se", str(MIN_SE)),))

    def grant(self, call: Call, request: Request, now: float) -> list[tuple[str, str]]:
        """Return the headers of our 2xx to a request, and run the timer (RFC 4028 9, table 2)."""
        understands = _supports_timer(request)
        wanted = self._wanted(request, understands=understands)
        if wanted is None:
            self.stop(call)
            return []
        self._run(call, wanted.seconds, is_ours=wanted.refresher == "uas", now=now)
        headers = [("session-expires", str(wanted))]
        if wanted.refresher == "uac":
            headers.append(("require", TIMER))
        return headers

    def learn(self, call: Call, response: Response, now: float) -> None:
        """Run the timer that a 2xx to a request of ours tells (RFC 4028 7.2)."""
        try:
            told = SessionExpires.parse(response.header("session-expires"))
        except PeerError:
            self.stop(call)  # no timer was agreed on
            return
        seconds = min(max(told.seconds, MIN_SE), MAX_SE)
        self._run(call, seconds, is_ours=told.refresher != "uas", now=now)

    def raise_floor(self, call: Call, response: Response) -> bool:
        """Take a 422; say whether asking again for a longer interval makes sense."""
        try:
            floor = parse_number(response.header("min-se"), MAX_SE, "Bad Min-SE")
        except PeerError:
            return False
        if floor <= (call.session_seconds or self._book.options.session_seconds):
            return False
        call.session_seconds = call.session_floor = floor
        return True

    def pause(self, call: Call, now: float) -> None:
        """Try a refresh again soon: it met a request of the other side (491)."""
        if call.session is not None and call.session.refresh_at != NEVER:
            pause = GLARE_PAUSE if call.is_ours else OTHER_GLARE_PAUSE
            call.session.refresh_at = now + pause
            self._book.layer.alarms.watch(call.session)

    def stop(self, call: Call) -> None:
        """Run no timer for a call."""
        if call.session is not None:
            call.session.stop()

    def _role(self, call: Call) -> str:
        # Once the roles are settled, a refresh must not turn them round (RFC 4028 7.4).
        if call.session is None or call.session.end_at == NEVER:
            return ""
        return "uac" if call.is_session_ours else "uas"

    def _wanted(self, request: Request, *, understands: bool) -> SessionExpires | None:
        text = request.header("session-expires")
        if text:
            asked = SessionExpires.parse(text)
            seconds = min(asked.seconds, MAX_SE)
            refresher = (asked.refresher or "uac") if understands else "uas"
            return SessionExpires(max(seconds, MIN_SE), refresher)
        if not understands:
            return None
        seconds = max(self._book.options.session_seconds, _least_of(request))
        return SessionExpires(min(seconds, MAX_SE), "uas")

    def _run(self, call: Call, seconds: int, *, is_ours: bool, now: float) -> None:
        call.is_session_ours = is_ours
        call.session_seconds = seconds
        if call.session is None:
            call.session = SessionTimer(partial(self._refresh, call), partial(self._end, call))
        call.session.start(seconds, is_ours=is_ours, now=now)
        self._book.layer.alarms.watch(call.session)

    def _refresh(self, call: Call, now: float) -> None:
        if call.state is CallState.ESTABLISHED:
            self.on_refresh(call, now)

    def _end(self, call: Call, now: float) -> None:
        if call.state is CallState.ESTABLISHED:
            self.on_end(call, now)


def supports(message: Request | Response, tag: str) -> bool:
    """Say whether the sender understands an extension (Supported or Require)."""
    try:
        tags = [*message.values("supported"), *message.values("require")]
    except PeerError:
        return False
    return tag in {one.lower() for one in tags}


def requires(message: Request | Response, tag: str) -> bool:
    """Say whether the sender insists on an extension."""
    try:
        return tag in {one.lower() for one in message.values("require")}
    except PeerError:
        return False


def _supports_timer(request: Request) -> bool:
    return supports(request, TIMER)


def _least_of(request: Request) -> int:
    # RFC 4028 9: a proxy on the way wants no shorter interval than this.
    try:
        return parse_number(request.header("min-se").partition(";")[0].strip(), MAX_SE, "Bad")
    except PeerError:
        return MIN_SE


def _nothing(_call: Call, _now: float) -> None:
    """Before the user agent is put together, nobody listens."""
