"""The pages of the running system, for tests: Redis answers, and one thing is wrong."""

from hotline.web.operations.handlers import operations_part
from hotline.web.operations.options import OperationsOptions

PROBLEM = "HOTLINE_RELAY__HOST: the host mail.example is not known"


async def _answers() -> bool:
    return True


async def _problems() -> list[str]:
    return [PROBLEM]


OPERATIONS = operations_part(OperationsOptions(("web", "worker"), _answers, _problems))
