"""Pictures of what `training.py` and `steps.py` measured: how far from real digits, when. matplotlib alone."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter, NullLocator

# Told apart by eyes of every kind (Okabe and Ito 2008), strong enough for white.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#7b4f9d", "#555555", "#56b4e9", "#e69f00", "#66c2a5")
WIDTH, HEIGHT, DPI = 10.0, 5.2, 100  # inches, so 1000 x 520 pixels


def plot(results: dict[str, list[dict[str, Any]]], baseline: float, path: Path, unit: str = "seconds") -> None:
    """Draw the Frechet distance over seconds or steps: a line through the means, a band from worst to best seed.

    Args:
        results: Rows with frechet, and time and seconds or steps, by the title of who was measured.
        baseline: The distance that real images have.
        path: PNG to write.
        unit: What the axis shows: seconds or steps.
    """
    asked = "time" if unit == "seconds" else unit
    figure, axes = pyplot.subplots(figsize=(WIDTH, HEIGHT), dpi=DPI, layout="constrained")
    for colour, (title, rows) in zip(COLOURS, results.items(), strict=False):
        times = sorted({row[asked] for row in rows})
        groups = [[row for row in rows if row[asked] == moment] for moment in times]
        along = [statistics.mean(row[unit] for row in group) for group in groups]
        distances = [[max(row["frechet"], baseline) for row in group] for group in groups]
        axes.plot(along, [statistics.mean(d) for d in distances], "o-", color=colour, lw=2, ms=5, label=title)
        axes.fill_between(along, [min(d) for d in distances], [max(d) for d in distances], color=colour, alpha=0.2)
    axes.axhline(baseline, color="black", ls="--", lw=1, label="real digits")
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel("steps" if unit == "steps" else "seconds since the press of Train, or the start of the script")
    axes.set_ylabel("Frechet distance to real digits")
    axes.set_xticks(sorted({row[asked] for rows in results.values() for row in rows}))
    axes.xaxis.set_minor_locator(NullLocator())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:,g}"))
    axes.grid(color="#dddddd", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    figure.savefig(path)
    pyplot.close(figure)


def side_by_side(grids: dict[str, Path], path: Path) -> None:
    """Draw grids of 280 x 280 pixels beside each other, each below its title, pixel for pixel.

    Args:
        grids: PNGs by their titles.
        path: PNG to write.
    """
    width, height = 296 * len(grids) - 16, 302
    figure = pyplot.figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    for at, (title, grid) in enumerate(grids.items()):
        figure.figimage(pyplot.imread(grid), 296 * at, 0, cmap="gray")
        figure.text(296 * at / width, 284 / height, title, fontsize=9, va="bottom")
    figure.savefig(path)
    pyplot.close(figure)
