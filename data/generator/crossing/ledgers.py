"""The words and numbers of the tables: varied, and the same each time."""

import random
from collections.abc import Sequence
from typing import Literal, TypeAlias

from data.generator.tables import Row, data, head

Style: TypeAlias = Literal["plain", "signed", "decimal", "percent", "money"]

PLACES = (
    *("Aberford", "Brackwell", "Cawthorne", "Denholme", "Easington", "Fernhill", "Garstang", "Haverton", "Ilkeston", "Jarrow", "Kirkham"),
    *("Langley", "Malton", "Norwood", "Otley", "Pickering", "Quorn", "Redcar", "Skipton", "Thirsk", "Ulverston", "Wetherby", "Yarm"),
)
GOODS = (
    *("Anchor chains", "Ball valves", "Copper pipe", "Drain covers", "End caps", "Flange sets", "Gate valves", "Hose reels", "Inlet grids"),
    *("Joint tape", "Key blanks", "Lift pumps", "Manifolds", "Nozzles", "O-rings", "Pressure gauges", "Quick couplings", "Relief valves"),
    *("Strainers", "Tee pieces", "Union nuts", "Vent pipes", "Water meters", "Yard hydrants"),
)
ACCOUNTS = (
    *("Cash and deposits", "Trade receivables", "Other receivables", "Inventories", "Prepaid expenses", "Land and buildings", "Machinery"),
    *("Vehicles", "Furniture and fittings", "Goodwill", "Patents and licenses", "Deferred tax", "Trade payables", "Accrued wages"),
    *("Short-term loans", "Bonds issued", "Pension obligations", "Provisions", "Share capital", "Retained earnings", "Other reserves"),
)
TASKS = (
    *("Clear the inlet screens", "Grease the main bearings", "Replace the door seals", "Test the alarm circuit", "Flush the cooling loop"),
    *("Inspect the lifting gear", "Paint the guard rails", "Check the oil level", "Clean the filter house", "Align the drive belt"),
    *("Record the meter readings", "Tighten the anchor bolts", "Drain the settling tank", "Renew the earth cable"),
)


def number(source: random.Random, style: Style) -> str:
    """A number as a cell prints it."""
    value = source.randint(12, 9_800)
    match style:
        case "signed":
            return "\u2014" if value % 11 == 0 else f"({value:,})" if value % 3 == 0 else f"{value:,}"
        case "decimal":
            return f"{value / 100:.2f}"
        case "percent":
            return f"{value / 100:.1f}%"
        case "money":
            return f"${value:,}"
        case _:
            return f"{value:,}"


def body(seed: int, labels: Sequence[str], count: int, styles: Sequence[Style]) -> list[Row]:
    """Rows of the first `count` labels, with a number of each style."""
    source = random.Random(seed)
    return [data(label, *(number(source, style) for style in styles)) for label in labels[:count]]


def ledger(seed: int, labels: Sequence[str], count: int, heads: Sequence[str], style: Style = "plain") -> tuple[Row, ...]:
    """A heading row and `count` rows of one kind of number."""
    return (head(*heads), *body(seed, labels, count, [style] * (len(heads) - 1)))
