"""Run all experiments; write benchmarks/results/simulation.md and the plots of docs/scale.md."""

import os
import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from benchmarks.simulation.experiments import SLICE_PAGES, Row, Slices, experiments
from benchmarks.simulation.plots import draw
from benchmarks.simulation.workload import corpus
from schemas.document import Document

ROOT = Path(__file__).parents[2]
TITLES = {
    "router": "Router policy, with and without questions (4 replicas h100-fp8)",
    "cap": "Batch cap: tokens of a request's context (4 replicas)",
    "tuned": "A smaller cap and more requests at a time (4 replicas)",
    "mix": "Length of documents (4 replicas h100-fp8)",
    "concurrency": "LONGREAD_CONCURRENCY, one run a replica (4 replicas h100-fp8)",
    "replicas": "Replicas h100-fp8: one run for each, or one run of default settings for all",
    "rates": "Rates and replies (4 replicas)",
}
HEADINGS = (
    *("", "replicas", "pages/s", "cached", "utilisation", "decoding together", "makespan of the slice, s"),
    *("GPU-hours a million pages", "USD a million pages", "GPUs for 10 million pages in 10 h"),
)


def main() -> None:
    """Run, print, write."""
    began = time.monotonic()
    slices = Slices()
    rows = []
    for row in experiments(slices):
        rows.append(row)
        print(
            f"{row.experiment:12}{row.what:40}{row.rate / row.replicas:8.2f} pages/s a replica  {time.monotonic() - began:6.0f} s",
            flush=True,
        )
    (ROOT / "benchmarks" / "results").mkdir(exist_ok=True)
    (ROOT / "benchmarks" / "results" / "simulation.md").write_text(_report(rows, slices.pool, time.monotonic() - began), encoding="utf-8")
    draw(rows, ROOT / "docs")


def _report(rows: Sequence[Row], pool: Sequence[Document], seconds: float) -> str:
    drawn = "the corpus" if corpus() else "data/samples, because the corpus is absent"
    where = f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores with other work on them, {seconds:,.0f} s"
    size = f"{len(pool)} documents, {sum(len(document.pages) for document in pool):,} pages"
    head = f"""# Simulation of a cluster

Simulated, not measured: no GPU was used. {where}. `python -m benchmarks.simulation`.

Slices of {SLICE_PAGES:,} pages and their copies; pages drawn from {drawn} ({size}); rates of `pipeline/throughput.yaml`; pages/s in
the middle of the slice, by work completed, and scaled from it. docs/scale.md says what is left out."""
    return "\n\n".join([head, *(_section(name, [*group]) for name, group in groupby(rows, key=lambda row: row.experiment))]) + "\n"


def _section(name: str, rows: Sequence[Row]) -> str:
    lines = [f"| {' | '.join(HEADINGS)} |", f"|{'---|' * len(HEADINGS)}", *map(_line, rows)]
    return f"## {TITLES[name]}\n\n" + "\n".join(lines)


def _line(row: Row) -> str:
    cells = (
        row.what,
        f"{row.replicas}",
        f"{row.rate:.1f}",
        f"{row.hit_rate:.1%}",
        f"{row.utilisation:.1%}",
        f"{row.decoding:.1f}",
        f"{row.makespan:,.0f}",
        f"{row.gpu_hours:,.0f}",
        f"{row.usd:,.0f}",
        f"{row.night_gpus:,.0f}",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
