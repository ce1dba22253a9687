"""The cases: what crosses from page to page, and what only seems to. Some are held out while the reader is developed."""

from data.generator.crossing.across import across_cases
from data.generator.crossing.apart import apart_cases
from data.generator.crossing.down import down_cases
from data.generator.crossing.drawing import Case, draw_cases
from data.generator.pdf import Product

SAMPLED = ("title-continued", "cut-numbers-below", "carried-forward", "section-continued", "columns-labels-again-ruled", "total-ended")


def all_cases() -> tuple[Case, ...]:
    """Every case, each with a name of its own."""
    return (*down_cases(), *across_cases(), *apart_cases())


def make_crossing_tables() -> Product:
    """A sample of the cases in one document."""
    cases = {case.name: case for case in all_cases()}
    return draw_cases("crossing-tables.pdf", [cases[name] for name in SAMPLED])
