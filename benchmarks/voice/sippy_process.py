# mypy: disable-error-code="import-not-found"
"""sippy 2.5 (PyPI `sippy`, BSD) as the process that is measured; runs in an environment of its own.

    python sippy_process.py answered|bridged PORT [FAR_PORT]

Nothing of ours is imported here: `sip_core` makes a virtual environment with sippy for this file
alone, so that it is no dependency of the project. Answered: sippy's user agent says 200 with a
body. Bridged: one user agent for each side and every event handed across, as in `b2bua_simple`,
sippy's own example. Its log is switched off.
"""

import sys
from typing import Any

from sippy.CCEvents import CCEventConnect, CCEventTry
from sippy.Core.EventDispatcher import ED2
from sippy.MsgBody import MsgBody
from sippy.SipTransactionManager import SipTransactionManager
from sippy.UA import UA

HOST = "127.0.0.1"
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8\r\n"
)


class Silence:
    """A log that keeps nothing."""

    def write(self, *_words: Any, **_options: Any) -> None:
        """Forget it."""


class Calls:
    """One call for each INVITE."""

    def __init__(self, config: dict[str, Any], far_end: tuple[str, int] | None) -> None:
        self._config = config
        self._far_end = far_end

    def receive(self, request: Any, transaction: Any) -> Any:
        """Take a request that belongs to no call."""
        if request.getHFBody("to").getTag() is not None:
            return request.genResponse(481, "Call Leg/Transaction Does Not Exist"), None, None
        if request.getMethod() != "INVITE":
            return request.genResponse(501, "Not Implemented"), None, None
        call = Call(self._config, self._far_end)
        return call.inward.recvRequest(request, transaction)


class Call:
    """The side of the caller, and that of the far end if there is one."""

    def __init__(self, config: dict[str, Any], far_end: tuple[str, int] | None) -> None:
        self._config = config
        self._far_end = far_end
        self.inward = UA(config, self._receive)
        self._outward: Any = None

    def _receive(self, event: Any, agent: Any) -> None:
        if agent is not self.inward:
            self.inward.recvEvent(event)
        elif self._far_end is None:
            if isinstance(event, CCEventTry):
                self.inward.recvEvent(CCEventConnect((200, "OK", MsgBody(SDP))))
        else:
            if self._outward is None:
                self._outward = UA(self._config, event_cb=self._receive, nh_address=self._far_end)
            self._outward.recvEvent(event)


def main() -> None:
    """Run until killed."""
    role, port = sys.argv[1], int(sys.argv[2])
    far_end = (HOST, int(sys.argv[3])) if role == "bridged" else None
    config: dict[str, Any] = {
        "_sip_address": HOST,
        "_sip_port": port,
        "_sip_logger": Silence(),
        "nh_addr": far_end or (HOST, 9),
    }
    calls = Calls(config, far_end)
    config["_sip_tm"] = SipTransactionManager(config, calls.receive)
    print(port, flush=True)
    ED2.loop()


if __name__ == "__main__":
    main()
