"""The cases: what crosses from page to page, and what only seems to. Some are held out while the reader is developed."""

from data.generator.crossing.across import across_cases
from data.generator.crossing.apart import apart_cases
from data.generator.crossing.down import down_cases
from data.generator.crossing.drawing import Case


def all_cases() -> tuple[Case, ...]:
    """Every case, each with a name of its own."""
    return (*down_cases(), *across_cases(), *apart_cases())
