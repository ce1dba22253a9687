"""The plots of docs/scale.md."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from benchmarks.simulation.experiments import NIGHT_PAGES, NIGHT_S, Row

DPI = 90


def draw(rows: Sequence[Row], folder: Path) -> None:
    """Write scale-replicas.png and scale-gpus.png."""
    mpl.use("agg")
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3})
    by = {name: [row for row in rows if row.experiment == name] for name in {row.experiment for row in rows}}
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    _replicas(left, by["replicas"])
    _concurrency(right, by["concurrency"])
    figure.savefig(folder / "scale-replicas.png", dpi=DPI)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained", width_ratios=(1.2, 1))
    _gpus(left, by["rates"])
    _router(right, by["router"])
    figure.savefig(folder / "scale-gpus.png", dpi=DPI)
    plt.close("all")


def _replicas(axes: Axes, rows: Sequence[Row]) -> None:
    for what in dict.fromkeys(row.what for row in rows):
        own = [row for row in rows if row.what == what]
        axes.plot([row.replicas for row in own], [row.rate for row in own], "o-", label=what)
    axes.axhline(NIGHT_PAGES / NIGHT_S, color="black", linestyle=":", label="10 million pages in 10 h")
    axes.set(xscale="log", yscale="log", xlabel="replicas of 4 H100 (FP8)", ylabel="pages/s", title="pages a second, simulated")
    numbers = sorted({row.replicas for row in rows})
    axes.set_xticks(numbers, [str(number) for number in numbers])
    axes.minorticks_off()
    axes.legend(frameon=False)


def _concurrency(axes: Axes, rows: Sequence[Row]) -> None:
    allowed = [int(row.what) for row in rows]
    axes.plot(allowed, [row.rate / row.replicas for row in rows], "o-")
    axes.set(xscale="log", xlabel="LONGREAD_CONCURRENCY of a run for each replica", ylabel="pages/s a replica", ylim=(0, None))
    axes.set_title("by requests at a time, simulated")
    axes.set_xticks(allowed, [str(number) for number in allowed])
    axes.minorticks_off()


def _gpus(axes: Axes, rows: Sequence[Row]) -> None:
    names = [row.what for row in rows]
    gpus = [row.night_gpus for row in rows]
    bars = axes.barh(names, gpus, color=["tab:red" if "cookbook" in name else "tab:blue" for name in names])
    axes.bar_label(bars, [f"{number:,.0f}" for number in gpus], padding=3)
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.set(title="GPUs for 10 million pages in 10 h, simulated", xlim=(0, 1.15 * max(gpus)))


def _router(axes: Axes, rows: Sequence[Row]) -> None:
    asked = [row for row in rows if not row.what.endswith(" 0 questions a document")]
    names = [row.what.split(",")[0] for row in asked]
    bars = axes.bar(names, [row.gpu_hours for row in asked], color="tab:green")
    axes.bar_label(bars, [f"{row.hit_rate:.0%} cached" for row in asked], padding=3)
    axes.grid(visible=False)
    axes.set(title="GPU-hours a million pages,\nfive questions a document, simulated", ylim=(0, 1.15 * max(row.gpu_hours for row in asked)))
