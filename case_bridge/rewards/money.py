"""Money in yuan: exact, never a float."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Self

from hotline.kernel.errors import Invalid

GREATEST: Final = Decimal(100_000)
_WRITTEN: Final = re.compile(r"\d{1,6}(\.\d{1,2})?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Yuan:
    """An amount above nought, in yuan and whole fen."""

    amount: Decimal

    def __post_init__(self) -> None:
        """Refuse what nobody would pay.

        Raises:
            Invalid: if it is not above 0, above the greatest amount, or has parts of a fen.
        """
        if not 0 < self.amount <= GREATEST:
            raise Invalid("amount", f"is not above 0 and up to {GREATEST} yuan")
        if self.amount != self.amount.quantize(Decimal("0.01")):
            raise Invalid("amount", "has more than two digits behind the point")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `50` or `50.00`.

        Raises:
            Invalid: if it is no such amount.
        """
        if not _WRITTEN.fullmatch(text.strip()):
            raise Invalid("amount", "is no amount; write it as 50 or 50.00")
        return cls(Decimal(text.strip()))

    def __str__(self) -> str:
        """Return the amount with its fen: `50.00`."""
        return f"{self.amount:.2f}"
