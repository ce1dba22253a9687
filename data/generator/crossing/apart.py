"""Tables that only seem to go on: two of them, not one."""

from data.generator.crossing.down import AFTER, WIDTHS
from data.generator.crossing.drawing import PROSE, Bars, Block, Case, Part, Sheet, Text, Whole
from data.generator.crossing.ledgers import ACCOUNTS, GOODS, PLACES, Style, ledger
from data.generator.flowables import SERIF
from data.generator.tables import Look, grand_total, total

HEADS = ("Item", "2023", "2022")


def apart_cases() -> tuple[Case, ...]:
    """Every case of two tables that must stay two."""
    return (*_own_titles(), *_after_totals(), *_after_texts(), *_others(), *_between())


def _two(
    titles: tuple[str, str], look: Look = "rules", *, is_summed: bool = False, seed: int = 41, style: Style = "plain"
) -> tuple[Whole, Whole]:
    """Two tables with the same headings."""
    first, second = ledger(seed, GOODS, 6, HEADS, style), ledger(seed + 1, ACCOUNTS, 6, HEADS, style)
    if is_summed:
        first = (*first, grand_total("Total", "41,317", "39,806"))
        second = (*second, total("Total", "20,554", "21,090"))
    return Whole(titles[0], first, WIDTHS, look), Whole(titles[1], second, WIDTHS, look)


def _sheets(one: Whole, two: Whole, between: tuple[Block, ...] = (), *, after: tuple[Block, ...] = ()) -> tuple[Sheet, ...]:
    """The first table at the foot of a page with `after` below it, the second at the head of the next, with `between` above it."""
    first, second = (Part(number, 0, len(whole.rows) - whole.n_header_rows) for number, whole in enumerate((one, two)))
    return (
        Sheet((Text(PROSE), Text(one.title, "title"), first, *after), is_low=True),
        Sheet((*between, *([Text(two.title, "title")] if two.title else []), second, Text(AFTER))),
    )


def _own_titles() -> list[Case]:
    rules = _two(("Table 1. Sales of fittings", "Table 2. Balances"))
    ruled = _two(("Sales of fittings", "Balances at the end of the year"), "ruled")
    opened = _two(("Sales abroad", "Sales at home"), "open", style="signed")
    return [
        Case("own-title", rules, _sheets(*rules)),
        Case("own-title-ruled", ruled, _sheets(*ruled), SERIF),
        Case("own-title-open", opened, _sheets(*opened), is_held_out=True),
    ]


def _after_totals() -> list[Case]:
    rules = _two(("Sales of fittings", ""), is_summed=True, seed=45)
    ruled = _two(("Sales of fittings", ""), "ruled", is_summed=True, seed=47)
    banded = _two(("Sales of fittings", ""), "banded", is_summed=True, seed=49)
    return [
        Case("total-ended", rules, _sheets(*rules)),
        Case("total-ended-ruled", ruled, _sheets(*ruled), SERIF),
        Case("total-ended-banded", banded, _sheets(*banded), is_held_out=True),
    ]


def _after_texts() -> list[Case]:
    above = _two(("Sales of fittings", ""), seed=51)
    below = _two(("Sales of fittings", ""), "ruled", seed=53)
    text = Text("The balances below are those of the accounts kept at the head office, and not those of the branches.")
    return [
        Case("text-above-second", above, _sheets(*above, (text,)), SERIF),
        Case("text-below-first", below, _sheets(*below, after=(text,))),
        Case("text-above-second-ruled", below, _sheets(*below, (text,)), is_held_out=True),
    ]


def _others() -> list[Case]:
    one = Whole("Stock on hand", ledger(55, GOODS, 7, ("Item", "Count", "Rack", "Value")), (120.0, 70.0, 70.0, 70.0))
    two = Whole("", ledger(56, PLACES, 6, ("Branch", "Staff", "Area"), "decimal"), (90.0, 60.0, 60.0))
    ruled = (one._replace(look="ruled"), two._replace(look="ruled"))
    return [
        Case("other-table-begins", (one, two), _sheets(one, two)),
        Case("other-table-begins-ruled", ruled, _sheets(*ruled), SERIF, is_held_out=True),
    ]


def _between() -> list[Case]:
    pair = _two(("Sales of fittings", ""), seed=57)
    first, second = _sheets(*pair)
    chart = Sheet((Text("Sales by quarter", "title"), Bars((42.0, 88.0, 63.0, 97.0)), Text(AFTER)))
    text = Sheet((Text(PROSE), Text(PROSE), Text(AFTER)))
    return [
        Case("chart-between", pair, (first, chart, second)),
        Case("text-page-between", pair, (first, text, second), SERIF),
        Case("chart-above-second", pair, _sheets(*pair, (Bars((30.0, 70.0, 55.0)),)), is_held_out=True),
    ]
