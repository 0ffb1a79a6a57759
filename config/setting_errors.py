"""What is wrong with the settings, apart from them: who tells it must not load them all."""

from collections.abc import Mapping

from hotline.kernel.errors import HotlineError


class SettingsError(HotlineError):
    """The settings cannot be used; `problems` holds what is wrong with each variable."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"{name}: {what}" for name, what in problems.items()))
        self.problems = [f"{name}: {what}" for name, what in problems.items()]
        self.variables = tuple(problems)
