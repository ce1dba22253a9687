"""A value that may answer a question or be one operand of it."""

from decimal import Decimal
from typing import NamedTuple

from pipeline.embedded.answers.amounts import Amount
from schemas.extraction import CitedEvidence


class Found(NamedTuple):
    """A value with its evidence. `score` (0 to 1) says how well its context matches what was looked for.

    `value` is the number as printed, and `factor` what the text or the table's head multiplies it by; `label` and `header`
    name it; `place` tells the document, page and table it stands in.
    """

    score: float
    text: str
    amount: Amount | None
    factor: int
    currency: str | None
    label: str
    header: str
    place: tuple[int, int, int]
    row: int
    evidence: CitedEvidence

    @property
    def value(self) -> Decimal:
        """The number as printed; 0 if the value is words."""
        return self.amount.value if self.amount else Decimal(0)

    @property
    def full(self) -> Decimal:
        """The number times its factor."""
        return self.value * self.factor

    @property
    def is_percent(self) -> bool:
        """True if the number is printed or headed as a percentage."""
        return bool(self.amount and self.amount.kind == "percent")
