"""Tables too wide for a page, whose further columns are on the next."""

from collections.abc import Sequence
from itertools import pairwise

from data.generator.crossing.down import AFTER
from data.generator.crossing.drawing import PROSE, Block, Case, Part, Sheet, Text, Whole
from data.generator.crossing.ledgers import ACCOUNTS, GOODS, PLACES, ledger
from data.generator.flowables import SERIF
from data.generator.tables import Look, data, total

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def across_cases() -> tuple[Case, ...]:
    """Every case of columns that go on."""
    rain = _wide("Table 10. Rainfall by station", ("Station", *MONTHS[:8]), PLACES, 8, "rules")
    rain_ruled, rain_open = rain._replace(look="ruled"), rain._replace(look="open")
    year = _wide("Hours worked", ("Branch", *MONTHS), PLACES, 7, "rules")
    costs = _wide("Table 11. Costs by kind", ("Account", "2019", "2020", "2021", "2022", "2023", "Budget"), ACCOUNTS, 8, "ruled")
    summed = costs._replace(rows=(*costs.rows[:-1], total("Total", *(f"{n * 1_037:,}" for n in range(9, 15)))), look="rules")
    return (
        Case("columns-labels-again", (rain,), across(rain, (5, 9))),
        Case("columns-labels-again-ruled", (rain_ruled,), across(rain_ruled, (5, 9)), SERIF),
        Case("columns-labels-again-open", (rain_open,), across(rain_open, (5, 9)), is_held_out=True),
        Case("columns-continued", (costs,), across(costs, (4, 7), title="Table 11. Costs by kind (continued)")),
        Case("columns-without-labels", (rain_ruled,), across(rain_ruled, (5, 9), has_labels=False), SERIF),
        Case("columns-without-labels-rules", (costs,), across(costs, (4, 7), has_labels=False)),
        Case("columns-without-labels-open", (rain,), across(rain, (5, 9), has_labels=False), SERIF, is_held_out=True),
        Case("columns-with-total", (summed,), across(summed, (4, 7)), is_held_out=True),
        Case("columns-three-pages", (year,), across(year, (5, 9, 13)), SERIF),
        Case("columns-and-rows", (_both(),), _both_sheets(), is_held_out=True),
        Case("columns-and-rows-ruled", (_both()._replace(look="ruled"),), _both_sheets(), SERIF),
        *_not_the_same_rows(),
    )


def _wide(title: str, heads: Sequence[str], labels: Sequence[str], count: int, look: Look) -> Whole:
    return Whole(title, ledger(21 + count, labels, count, heads), (100.0, *(55.0 for _ in heads[1:])), look=look)


def across(whole: Whole, ends: Sequence[int], *, title: str = "", has_labels: bool = True) -> tuple[Sheet, ...]:
    """The pages of a table whose columns end so on each page."""
    n_rows = len(whole.rows) - whole.n_header_rows
    first = Part(0, 0, n_rows, cols=(0, ends[0]))
    rest = [Part(0, 0, n_rows, cols=cols, has_labels=has_labels) for cols in pairwise(ends)]
    titled: list[tuple[Block, ...]] = [(*([Text(title, "title")] if title else []), part) for part in rest]
    return (
        Sheet((Text(PROSE), Text(whole.title, "title"), first), is_low=True),
        *(Sheet(blocks) for blocks in titled[:-1]),
        Sheet((*titled[-1], Text(AFTER))),
    )


def _both() -> Whole:
    return Whole("Table 12. Deliveries", ledger(30, GOODS, 16, ("Item", *MONTHS[:6])), (110.0, *(60.0 for _ in range(6))))


def _both_sheets() -> tuple[Sheet, ...]:
    """Down, then across: the first columns on two pages, the others on the next two."""
    left, right = (0, 4), (4, 7)
    return (
        Sheet((Text(PROSE), Text(_both().title, "title"), Part(0, 0, 8, cols=left)), is_low=True),
        Sheet((Part(0, 8, 16, cols=left),)),
        Sheet((Part(0, 0, 8, cols=right, has_labels=True),)),
        Sheet((Part(0, 8, 16, cols=right, has_labels=True), Text(AFTER))),
    )


def _not_the_same_rows() -> list[Case]:
    """A table of other columns and other rows begins on the next page: two tables."""
    one = Whole("Stock on hand", ledger(31, GOODS, 7, ("Item", "Count", "Rack")), (130.0, 80.0, 80.0))
    rows = ledger(32, PLACES, 7, ("Branch", "Staff", "Area", "Rent"))
    two = Whole("", (*rows, data("Yarm depot", "4", "120", "75")), (130.0, 70.0, 70.0, 70.0))
    sheets = (
        Sheet((Text(PROSE), Text(one.title, "title"), Part(0, 0, 7)), is_low=True),
        Sheet((Part(1, 0, 8), Text(AFTER))),
    )
    return [Case("other-columns-other-rows", (one, two), sheets)]
