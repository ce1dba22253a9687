"""What the readings of `benchmarks.legibility` say: the curve, the rules compared, and the plot in docs/.

python -m benchmarks.legibility_report
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from rich.console import Console
from rich.table import Table

from benchmarks.legibility import LANDED, READINGS, RESOLUTIONS, readings
from pipeline.plan import FINER, SURVEY_UNCHECKED_EM_PX, USUAL_FONT_PT

Reading = dict[str, Any]
Rule = Callable[[Mapping[int, Reading]], tuple[int, Reading]]
"""Takes a page's readings by resolution; returns the tokens spent and the reading that stands."""

REPORTED = 8
AGREES = 0.95
SEEDS = range(5)
PLOT = Path("docs/legibility.png")


class Outcome(NamedTuple):
    """Means over the pages."""

    tokens: float
    recall: float
    """Share of the plateau."""
    escalated: float = 0.0


def recall(reading: Reading) -> float:
    """Return the share of the layer's numbers that were read."""
    truth = Counter[str](reading["truth"])
    return (truth & Counter(reading["read"])).total() / truth.total()


def agreement(reading: Reading) -> float:
    """Return the share of the layer's numbers of two digits and more that were read: what a table's cells tell."""
    truth = _longer(reading["truth"])
    return (truth & Counter(reading["read"])).total() / truth.total() if truth else 1.0


def sampled(reading: Reading, seed: int) -> float:
    """Return the share of a few of the numbers read that the layer has: what a survey tells."""
    read = sorted(_longer(reading["read"]).elements())
    if not read:
        return 1.0
    few = Counter(random.Random(f"{seed}{reading['name']}{reading['dpi']}").sample(read, min(REPORTED, len(read))))
    return (few & Counter(reading["truth"])).total() / few.total()


def _longer(numbers: Mapping[str, int]) -> Counter[str]:
    return Counter({number: count for number, count in numbers.items() if sum(map(str.isdigit, number)) > 1})


def fixed(dpi: float) -> Rule:
    """Every page at one resolution."""
    return lambda page: _look(page, dpi)


def by_font(em_px: float) -> Rule:
    """Every page so fine that its smaller print has so many pixels per em."""
    return lambda page: _look(page, _dpi(page, em_px))


def escalated(em_px: float, judge: Callable[[Reading], float], threshold: float, step: float = FINER) -> Rule:
    """By the font, and again finer while the judge finds too little in agreement and more than before; scans have no judge."""

    def rule(page: Mapping[int, Reading]) -> tuple[int, Reading]:
        dpi = _dpi(page, em_px)
        spent, best = _look(page, dpi)
        while best["kind"] != "scan" and judge(best) < threshold and dpi < RESOLUTIONS[-1]:
            dpi *= step
            tokens, again = _look(page, dpi)
            if again["dpi"] == best["dpi"]:
                break
            spent += tokens
            if judge(again) <= judge(best):
                break
            best = again
        return spent, best

    return rule


def by_content(em_px: float, rows_em_px: float, seed: int) -> Rule:
    """As the survey is planned: finer from the start where rows of numbers are or nothing can be compared; else where a few disagree."""

    def rule(page: Mapping[int, Reading]) -> tuple[int, Reading]:
        first = page[RESOLUTIONS[0]]
        if first["kind"] == "scan":
            return by_font(SURVEY_UNCHECKED_EM_PX)(page)
        return escalated(rows_em_px if first["has_rows"] else em_px, partial(sampled, seed=seed), 0.9)(page)

    return rule


def _dpi(page: Mapping[int, Reading], em_px: float) -> float:
    first = page[RESOLUTIONS[0]]
    dpi = em_px * 72 / (first["font_size_pt"] or USUAL_FONT_PT)
    return min(max(dpi, 60), 150, first["image_dpi"] or 150)


def _look(page: Mapping[int, Reading], dpi: float) -> tuple[int, Reading]:
    """Return the reading at the measured resolution that is nearest, and its tokens."""
    nearest = page[min(RESOLUTIONS, key=lambda known: abs(np.log(known / dpi)))]
    return nearest["tokens"], nearest


def outcome(pages: Sequence[Mapping[int, Reading]], rule: Rule, plateau: float) -> Outcome:
    """Return what the rule spends and reads, on the mean page."""
    spent, read = zip(*(rule(page) for page in pages), strict=True)
    first = [rule(page)[1]["tokens"] for page in pages]
    more = np.mean([total > once for total, once in zip(spent, first, strict=True)])
    return Outcome(float(np.mean(spent)), float(np.mean([recall(reading) for reading in read])) / plateau, float(more))


def complete(rows: Iterable[Reading]) -> list[dict[int, Reading]]:
    """Return the readings page by page, of pages that have numbers and were read at every resolution."""
    pages: dict[str, dict[int, Reading]] = defaultdict(dict)
    for row in rows:
        if row["truth"]:
            pages[row["name"]][row["dpi"]] = row
    return [page for page in pages.values() if len(page) == len(RESOLUTIONS)]


def curves(pages: Sequence[Mapping[int, Reading]], plateau: float) -> Iterator[tuple[str, list[tuple[str, Outcome]]]]:
    """Yield each family of rules with its outcomes."""
    ems = (7, 8, 9, 10, 11, 12, 13, 15)
    yield "one resolution", [(f"{dpi} dpi", outcome(pages, fixed(dpi), plateau)) for dpi in RESOLUTIONS]
    yield "by font size", [(f"{em} px", outcome(pages, by_font(em), plateau)) for em in ems]
    few = [(f"{em} px", [outcome(pages, escalated(em, partial(sampled, seed=seed), 0.9), plateau) for seed in SEEDS]) for em in ems]
    yield "… finer where 8 numbers disagree", [(name, Outcome(*np.mean(seeds, axis=0))) for name, seeds in few]
    rows = [(f"{em} px, {em + 3} px", [outcome(pages, by_content(em, em + 3, seed), plateau) for seed in SEEDS]) for em in (8, 9, 10, 11)]
    yield "… and where rows of numbers are, from the start", [(name, Outcome(*np.mean(seeds, axis=0))) for name, seeds in rows]
    yield "… finer where any numbers disagree", [(f"{em} px", outcome(pages, escalated(em, agreement, AGREES), plateau)) for em in ems]


def main() -> None:
    """Print the curves, draw them, and say what the landed code does."""
    console = Console(width=120)
    pages = complete(readings(READINGS))
    kinds = Counter(page[RESOLUTIONS[0]]["kind"] for page in pages)
    plateau = float(np.mean([recall(page[166]) for page in pages]))
    console.print(f"{len(pages)} pages ({kinds}); plateau of digit recall (166 dpi): {plateau:.4f}")
    found = [*curves(pages, plateau)]
    for name, points in found:
        table = Table("", "tokens a page", "share of plateau", "shown again", title=name)
        for label, point in points:
            table.add_row(label, f"{point.tokens:,.0f}", f"{point.recall:.4f}", f"{point.escalated:.0%}")
        console.print(table)
    landed = [row for row in readings(LANDED) if row["truth"]]
    mark = _landed(console, landed, pages) if landed else None
    draw(found, mark)


def _landed(console: Console, landed: Sequence[Reading], pages: Sequence[Mapping[int, Reading]]) -> Outcome:
    """Return what the landed survey spends and reads on the pages whose plateau is known."""
    best = {page[166]["name"]: recall(page[166]) for page in pages}
    known = [row for row in landed if row["name"] in best]
    share = np.mean([recall(row) for row in known]) / np.mean([best[row["name"]] for row in known])
    again = float(np.mean([len(row["looks"]) > 1 for row in known]))
    mark = Outcome(float(np.mean([sum(row["looks"]) for row in known])), float(share), again)
    console.print(
        f"the landed survey, {len(known)} pages: {mark.tokens:,.0f} tokens a page, {mark.recall:.4f} of the plateau, {again:.0%} again"
    )
    return mark


def draw(found: Sequence[tuple[str, list[tuple[str, Outcome]]]], mark: Outcome | None) -> None:
    """Draw recall over tokens."""
    mpl.use("Agg")
    figure, axes = plt.subplots(figsize=(7.5, 4.6), dpi=110)
    for name, points in found:
        axes.plot([point.tokens for _, point in points], [100 * point.recall for _, point in points], "o-", label=name, markersize=4)
    if mark:
        axes.plot(mark.tokens, 100 * mark.recall, "k*", markersize=13, label="the survey as it is")
    axes.axhline(99, color="gray", linewidth=0.8, linestyle=":")
    axes.axvline(1200, color="gray", linewidth=0.8, linestyle=":")
    axes.set(xlim=(250, 2600), ylim=(92, 100.5), xlabel="image tokens a page", ylabel="numbers read, % of the plateau")
    axes.legend(loc="lower right", frameon=False)
    figure.tight_layout()
    figure.savefig(PLOT)


if __name__ == "__main__":
    main()
