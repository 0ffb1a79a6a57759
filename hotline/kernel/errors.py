"""The error tree: each type says who is wrong and whether to try again.

- HotlineError
    - NotFound       the thing named does not exist               (web 404)
    - Invalid        the input is malformed or unknown            (web 422)
    - Conflict       the state does not allow it                  (web 409)
        - IllegalTransition
    - Forbidden      the person may not                           (web 403)
    - Unavailable    the other side is not there, try again later (web 503, SMTP 451, job: retry)

Errors carry data as attributes; the message is for humans and never holds personal data.
"""

from datetime import timedelta


class HotlineError(Exception):
    """Every error of ours."""


class NotFound(HotlineError):
    """The thing named does not exist."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"{kind} {key} does not exist")
        self.kind = kind
        self.key = key


class Invalid(HotlineError):
    """The input is malformed; `field` names where, `problem` says what."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class Conflict(HotlineError):
    """The present state does not allow the act."""


class IllegalTransition(Conflict):
    """A state machine's table has no such move."""

    def __init__(self, machine: str, state: str, trigger: str) -> None:
        super().__init__(f"{machine}: {trigger} is not allowed in state {state}")
        self.machine = machine
        self.state = state
        self.trigger = trigger


class Forbidden(HotlineError):
    """The person is known, but may not do this."""


class Unavailable(HotlineError):
    """The other side does not answer; the same call may work after `retry_after`."""

    def __init__(self, what: str, retry_after: timedelta = timedelta(seconds=30)) -> None:
        super().__init__(f"{what} is unavailable")
        self.what = what
        self.retry_after = retry_after
