"""How good are the digits, how soon? Trains every contender on this machine, prints a table and draws a plot.

    python benchmarks/training.py [--only fast keras] [--seeds 1] [--times 15 30] [--budgets] [--neighbours 1]

Our presets are timed from the press of Train on a real server, so the start of the training process counts; the others
from the start of their process. The default looks several times at one training as long as the last time; --budgets
trains our presets once for each time, since their learning rate decays over their budget. The contenders called after
losses are the preset fast with another loss. Samples are drawn and judged outside the timed part: 10,000, with classes
as frequent as in MNIST, against MNIST's test images. What --out holds already is not measured again, so parts can be
run apart; delete its .json file to measure a contender anew. Leave the machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # --plot-only does without torch
    from contenders import Shot

    from ganmnist.evaluation.evaluate import Evaluator

SAMPLES = 10_000
SEEDS = {"fast": 5, "tutorial": 3, "unconditional": 3, "keras": 2, "plain": 2}
OTHER_LOSSES = ("bce", "hinge", "wasserstein", "relativistic")  # than that of fast, which hears of bce as well
SEEDS |= dict.fromkeys(OTHER_LOSSES, 1)
TITLES = {
    "fast": "preset fast",
    "tutorial": "preset tutorial",
    "unconditional": "preset unconditional",
    "keras": "Keras' DCGAN tutorial",
    "plain": "a plain port to PyTorch",
} | {loss: f"preset fast, loss {loss}" for loss in OTHER_LOSSES}
APART = "-budgets"  # ends the name of a contender that was trained once for each time
Rows = list[dict[str, Any]]  # one for each seed and time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SEEDS, default=list(SEEDS), help="these contenders")
    parser.add_argument(
        "--neighbours", type=int, default=0, metavar="N", help="programs that take a core each meanwhile"
    )
    parser.add_argument("--samples", type=int, default=SAMPLES, metavar="N", help=f"to judge (default: {SAMPLES:,})")
    parser.add_argument("--seeds", type=int, metavar="N", help=f"trainings of each (default: {SEEDS})")
    parser.add_argument("--times", type=float, nargs="+", metavar="S", default=[15, 30, 60, 120, 300], help="seconds")
    parser.add_argument("--budgets", action="store_true", help="train our presets once for each time")
    parser.add_argument("--keras-python", metavar="PATH", help="a Python with tensorflow (default: this, if it has it)")
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("build/training"), help="where results go")
    parser.add_argument("--plot-only", action="store_true", help="show what DIR holds; needs matplotlib alone")
    options = parser.parse_args()
    options.times = sorted(set(options.times))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaves by way of every `finally`: no process stays behind
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.plot_only:
        measure(options)

    (baseline,) = read_results(options.out, "real_baseline") or [None]
    if baseline is None:
        raise SystemExit(f"out: {options.out} holds no results yet")
    results = {title: rows for name, title in titles().items() if (rows := read_results(options.out, name))}
    text = table(results, baseline)
    print(text)
    (options.out / "training.md").write_text(text + "\n", encoding="utf-8")
    if importlib.util.find_spec("matplotlib") is None:
        print("\nNo plot: matplotlib is not installed here. --plot-only draws it, with any Python that has it.")
        return
    from training_plot import plot

    plot(results, baseline["frechet"], options.out / "training.png")


def measure(options: argparse.Namespace) -> None:
    """Train and judge what is asked for and not there yet, one training after the other."""
    import contenders

    from ganmnist.data.load import ENVIRONMENT, load_data
    from ganmnist.evaluation.evaluate import Evaluator

    data = load_data()
    if data.name != "MNIST":
        raise SystemExit(f"MNIST is needed, found {data.name}: name a folder with its four IDX files in {ENVIRONMENT}")
    os.environ[ENVIRONMENT] = data.source  # the same files for the server
    evaluator = Evaluator(data)
    if not read_results(options.out, "real_baseline"):
        baseline = evaluator.real_baseline(options.samples).model_dump()
        beside = f", beside {options.neighbours} busy programs" if options.neighbours else ""
        write_results(options.out, "real_baseline", [{"machine": machine(), "beside": beside, **baseline}])
    labels = np.random.default_rng(1).choice(data.train_labels, options.samples).astype(np.int64)
    for contender in options.only:
        python = sys.executable
        if contender == "keras":
            if not options.keras_python and importlib.util.find_spec("tensorflow") is None:
                print("keras: left out, there is no tensorflow here. Name a Python that has it: --keras-python")
                continue
            python = options.keras_python or python
        ours = contender not in contenders.SCRIPTS
        apart = ours and options.budgets
        name = contender + APART if apart else contender
        for seed in range(options.seeds or SEEDS[contender]):
            for times in missing(read_results(options.out, name), seed, options.times, apart=apart):
                with tempfile.TemporaryDirectory() as folder:
                    with contenders.neighbours(options.neighbours):
                        if ours:
                            preset, loss = ("fast", contender) if contender in OTHER_LOSSES else (contender, None)
                            shots = list(contenders.train_preset(preset, Path(folder), times, seed, loss))
                        else:
                            shots = list(contenders.train_script(contender, python, data, Path(folder), times, seed))
                    rows = [judge(shot, evaluator, labels, options.out, name, seed) for shot in shots]
                new = {(row["seed"], row["time"]) for row in rows}
                kept = [row for row in read_results(options.out, name) if (row["seed"], row["time"]) not in new]
                write_results(options.out, name, sorted(kept + rows, key=lambda row: (row["seed"], row["time"])))


def missing(rows: Rows, seed: int, times: list[float], *, apart: bool) -> list[list[float]]:
    """Return the trainings that are still to be done, each as its times: one with all of them, or one for each."""
    known = {row["time"] for row in rows if row["seed"] == seed}
    if apart:
        return [[moment] for moment in times if moment not in known]
    return [] if known.issuperset(times) else [times]


def judge(
    shot: Shot, evaluator: Evaluator, labels: NDArray[np.int64], out: Path, name: str, seed: int
) -> dict[str, Any]:
    """Draw samples, judge them and keep a sheet of them."""
    samples = shot.draw(labels)
    path = out / "sheets" / f"{name}-seed{seed}-{shot.time:03g}s.png"
    write_sheet(path, samples, labels if shot.classes else None)
    figures = evaluator.evaluate(samples).model_dump()
    said = f"FID {figures['frechet']:.2f}, recall {figures['recall']:.3f}, sure {figures['confident']:.3f}"
    print(f"{name}, seed {seed}, {shot.seconds:.1f} s, {shot.step:,} steps: {said}", flush=True)
    return {
        "seed": seed,
        "time": shot.time,
        "seconds": shot.seconds,
        "step": shot.step,
        "per_epoch": shot.per_epoch,
        **figures,
    }


def write_sheet(path: Path, samples: NDArray[np.uint8], labels: NDArray[np.int64] | None) -> None:
    """Write a picture of a hundred samples: if they have classes, ten digits of each in a row."""
    from ganmnist.config import GeometryConfig
    from ganmnist.export.write import write

    first = [np.arange(100)] if labels is None else [np.flatnonzero(labels == digit)[:10] for digit in range(10)]
    write(path, samples[np.concatenate(first)], GeometryConfig(columns=10))


def table(results: dict[str, Rows], baseline: dict[str, Any]) -> str:
    """Return the figures as a table in Markdown: the mean over all seeds and, where it differs, the worst."""
    lines = [["", "s", "seeds", "steps", "s/epoch", "FID", "recall", "of real digits'", "sure"]]
    lines.append(["---"] + ["--:"] * (len(lines[0]) - 1))
    for title, rows in results.items():
        for moment in sorted({row["time"] for row in rows}):
            group = [row for row in rows if row["time"] == moment]
            recall = [row["recall"] for row in group]
            lines.append(
                [
                    title,
                    f"{moment:g}",
                    str(len(group)),
                    f"{statistics.mean(row['step'] for row in group):,.0f}",
                    f"{statistics.mean(row['per_epoch'] for row in group):.0f}",
                    cell([row["frechet"] for row in group], max),
                    cell(recall, min),
                    f"{statistics.mean(recall) / baseline['recall']:.0%}",
                    cell([row["confident"] for row in group], min),
                ]
            )
            title = ""
    floor = [cell([baseline[name]], max) for name in ("frechet", "recall", "confident")]
    lines.append(["real digits", "", "", "", "", floor[0], floor[1], "100%", floor[2]])
    caption = (
        "Means over the seeds, the worst in brackets. Recall is the share of real digits that lie among the samples;"
        " sure, the share of samples of whose digit the judge is sure (of blobs it may be)."
        f" {baseline['machine']}{baseline['beside']}."
    )
    return "\n".join(["| " + " | ".join(line) + " |" for line in lines] + ["", caption])


def cell(figures: list[float], worst: Any) -> str:
    shown = [say(figure) for figure in (statistics.mean(figures), worst(figures))] if figures else ["-"]
    return f"{shown[0]} ({shown[1]})" if len(set(shown)) > 1 else shown[0]


def say(figure: float) -> str:
    return f"{figure:.2f}" if figure < 1.005 else f"{figure:.1f}" if figure < 99.95 else f"{figure:,.0f}"


def titles() -> dict[str, str]:
    """Return the title of every file of results."""
    return TITLES | {name + APART: f"{title}, a training for each time" for name, title in TITLES.items()}


def read_results(out: Path, name: str) -> Rows:
    path = out / f"{name}.json"
    return list(json.loads(path.read_bytes())) if path.exists() else []


def write_results(out: Path, name: str, rows: Rows) -> None:
    from ganmnist.storage.atomic import write_json

    write_json(out / f"{name}.json", rows)


def machine() -> str:
    """Return what this machine computes with."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        import platform

        processor = platform.processor() or platform.machine()
    return f"{os.cpu_count()} cores, {processor}"


if __name__ == "__main__":
    main()
