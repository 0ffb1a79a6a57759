"""The pages of the running system, for tests: Redis answers, and one thing is wrong."""

from datetime import timedelta

from hotline.web.operations.handlers import operations_part
from hotline.web.operations.options import OperationsOptions

PROBLEM = "HOTLINE_RELAY__HOST: the host mail.example is not known"


async def _answers() -> bool:
    return True


async def _problems() -> list[str]:
    return [PROBLEM]


OPERATIONS = operations_part(
    OperationsOptions(
        roles=("web", "worker"),
        ask_redis=_answers,
        find_problems=_problems,
        backup_age=timedelta(hours=36),
        backup_proof_age=timedelta(days=35),
    )
)
