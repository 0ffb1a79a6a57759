"""What can be wrong with a flow or with its use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a text that people edit."""

    source: str
    line: int
    what: str
    column: str = ""
    """The column of a table."""

    def __str__(self) -> str:
        """Say where it is and what is wrong."""
        column = f", column {self.column}" if self.column else ""
        return f"{self.source} line {self.line}{column}: {self.what}"


class FlowError(Exception):
    """A flow's text is not a flow; `problems` holds every one found, in the order of the text."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class BadVariable(Exception):
    """A session was started without a variable its flow needs, or with a value it does not know."""

    def __init__(self, flow: str, variable: str, problem: str) -> None:
        # The value itself may be personal data and stays out of the message.
        super().__init__(f"flow {flow}, variable {variable}: {problem}")
        self.flow = flow
        self.variable = variable
        self.problem = problem
