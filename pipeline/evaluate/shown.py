"""What the terminal shows of an evaluation. rich draws."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.evaluate.bootstrap import told
from pipeline.evaluate.claims import Calibration, calibration_error
from pipeline.evaluate.compare import Change, Comparison
from pipeline.evaluate.evaluation import Evaluation
from pipeline.evaluate.score import PAGE
from pipeline.evaluate.summary import ALL, Summary
from schemas.settings import Task

HEADLINES: Mapping[Task, tuple[str, ...]] = MappingProxyType(
    {
        "tables": ("detection_f1", "teds", "adjacency_f1", "cells_f1", "numeric_cells_f1", "box_pass"),
        "charts": ("detection_f1", "rms_f1", "points_recall", "points_precision", "points_invented", "box_pass"),
        "answers": ("correct", "answer_f1", "abstention_precision", "abstention_recall", "page_recall@5", "correct_with_evidence"),
    }
)
"""The metrics by which a task is judged first; all of them are in the Parquet files."""
CHANGES = 12


def evaluation(console: Console, done: Evaluation) -> None:
    """Print what is scored, each task's headline metrics for all items, each source and each kind; then the calibration."""
    for maker in done.makers:
        console.print(f"run {maker.run_id} of {maker.model} at {maker.backend}", style="dim", highlight=False, markup=False)
    for task, metrics in HEADLINES.items():
        summaries = [one for one in done.summaries if one.task == task]
        if summaries:
            console.print(_scores(task, [name for name in metrics if any(one.metric == name for one in summaries)], summaries))
            console.print(_means(task, summaries), style="dim", highlight=False)
    if done.calibrations:
        console.print(_calibration(done.calibrations))


def _scores(task: Task, metrics: Sequence[str], summaries: Sequence[Summary]) -> Table:
    shown = Table(
        task,
        "items",
        *(name.replace("_", " ") for name in metrics),
        box=SIMPLE,
        padding=(0, 1, 0, 0),
        title=f"{task}: value and 95 % interval",
    )
    values = {(one.group, one.metric): one for one in summaries}
    for group in dict.fromkeys(one.group for one in summaries if one.group != f"kind {PAGE}"):
        in_group = [values[group, name] for name in metrics if (group, name) in values]
        if in_group:
            n_items = max((one.n_items for one in in_group if not one.metric.startswith("detection")), default=0)
            shown.add_row(Text(group), f"{n_items:,}", *(_interval(values.get((group, name))) for name in metrics))
            if group == ALL:
                shown.add_section()
    return shown


def _interval(summary: Summary | None) -> str:
    return f"{summary.value:.3f} [dim]{told(summary.low, summary.high, '.2f', '-')}[/dim]" if summary else ""


def _means(task: Task, summaries: Iterable[Summary]) -> str:
    means = {one.metric: one.mean for one in summaries if one.group == ALL and one.metric.endswith("f1")}
    return f"means over {task}: " + ", ".join(f"{name} {mean:.3f}" for name, mean in means.items())


def _calibration(levels: Sequence[Calibration]) -> Table:
    shown = Table("what the output says", "level", "claims", "right", "stated", box=SIMPLE, padding=(0, 1, 0, 0), title="honesty")
    for level in levels:
        stated = f"{level.stated:.2f}" if level.stated is not None else ""
        share = f"{level.share:.3f} [dim]{told(level.low, level.high, '.2f', '-')}[/dim]"
        shown.add_row(level.signal, Text(level.level), f"{level.n:,}", share, stated)
    error = calibration_error(levels)
    if error is not None:
        shown.caption = f"expected calibration error of the answers' confidence: {error:.3f}"
    return shown


def comparison(console: Console, compared: Comparison, *, all_metrics: bool = False) -> None:
    """Print how each metric moved, then the items that lost and gained most by the first metric of their task."""
    shown = Table("metric", "items", "better", "worse", "before", "after", "difference", box=SIMPLE, padding=(0, 1, 0, 0))
    for shift in compared.shifts:
        if all_metrics or shift.metric in HEADLINES[shift.task]:
            by = shift.difference
            difference = f"{by.value:+.3f} [dim]{told(by.low, by.high, '+.3f')}[/dim]"
            style = ("green" if by.value > 0 else "red") if shift.is_clear else None
            counts = (str(shift.n_items), str(shift.n_better), str(shift.n_worse))
            shown.add_row(f"{shift.task} {shift.metric}", *counts, f"{shift.before:.3f}", f"{shift.after:.3f}", difference, style=style)
    console.print(shown)
    leading = [change for change in compared.changes if change.metric in _FIRST[change.task]]
    _changes(console, "worse", [change for change in leading if change.by < 0])
    _changes(console, "better", [change for change in reversed(leading) if change.by > 0])
    for side, items in (("first", compared.only_before), ("second", compared.only_after)):
        if items:
            console.print(f"only in the {side}, and in no figure: {len(items)} items, such as {items[0]}", highlight=False, markup=False)


_FIRST: Mapping[Task, tuple[str, ...]] = MappingProxyType({"tables": ("teds",), "charts": ("rms_f1",), "answers": ("correct",)})


def _changes(console: Console, name: str, changes: Sequence[Change]) -> None:
    if changes:
        console.print(f"{name}: {len(changes)} items", style="bold")
    for change in changes[:CHANGES]:
        told = f"  {change.by:+.3f}  {change.item_id} ({change.doc}), {change.metric} {change.before:.3f} to {change.after:.3f}"
        console.print(told, highlight=False, markup=False, soft_wrap=True)
    if len(changes) > CHANGES:
        console.print(f"  … and {len(changes) - CHANGES} more")


def left_out(console: Console, missing: Sequence[Path]) -> None:
    """Say which documents of the truth are not there."""
    if missing:
        told = f"left out, because their document is not there: the items of {len(missing)} documents, such as {missing[0]}"
        console.print(told, style="yellow", highlight=False, markup=False)
