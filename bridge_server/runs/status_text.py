"""What people read about a run: its state in a few words, short enough for a component's message."""

from __future__ import annotations

from bridge_server.contract.runs import Run, RunState
from ganmnist.errors import counted
from ganmnist.training.pace import about


def with_text(run: Run, note: str | None = None) -> Run:
    """Return the run with its text: `epoch 3/20 - 41 % - 0:52 left - FID 12`; steps or neither where the budget is so.

    Args:
        run: All of it but the text.
        note: What it is doing, where that is not training: loading data, stopping.
    """
    return run.model_copy(update={"text": _text(run, note)})


def without_fid(run: Run) -> str:
    """Return the text of a run without the FID in it, where that stands beside it."""
    return run.text.replace(_judged(run), "") if run.frechet is not None else run.text


def remark_on_name(wanted: str | None, model: str) -> str | None:
    """Say why a model is not called what was asked for, if it is not."""
    if wanted is None or wanted.lower() == model.lower():
        return None
    return f"{wanted} is somebody else's: this model is called {model}."


def clock(seconds: float) -> str:
    """Put seconds as 0:52 or 1:02:03."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def waiting(place: int | None, seconds: float | None) -> str:
    """Say where in the queue a run is and how long it waits: `3rd in the queue, about 4 minutes`.

    Args:
        place: From 1.
        seconds: Estimate of the time until its turn, none where nobody knows.
    """
    return f"{_ordinal(place or 1)} in the queue{'' if seconds is None else f', {about_time(seconds)}'}"


def about_time(seconds: float) -> str:
    """Put an estimate of a time in words, as roughly as it is known: `about 40 seconds`, `about 2 hours`."""
    if seconds < 95:
        return f"about {max(10, round(seconds, -1)):.0f} seconds"
    if seconds < 95 * 60:
        return f"about {seconds / 60:.0f} minutes"
    return f"about {seconds / 3600:.0f} hours"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _text(run: Run, note: str | None) -> str:
    match run.state:
        case RunState.QUEUED:
            return waiting(run.place, run.seconds_to_start)
        case RunState.RUNNING if note:
            return note
        case RunState.RUNNING if not run.epoch:
            return "starting"
        case RunState.RUNNING if run.percent >= 100:
            return f"{_counted(run) or '100 %'} - the judge looks at its digits{_judged(run)}"
        case RunState.RUNNING:
            place = f"{_counted(run)} - " if _counted(run) else ""
            left = "" if run.seconds_left is None else f" - {clock(run.seconds_left)} left"
            return f"{place}{run.percent:.0f} %{left}{_judged(run)}{_slowed(run)}"
        case RunState.SUCCEEDED if not run.seconds:  # what it wrote went with its model
            return "finished - its model was deleted"
        case RunState.SUCCEEDED:
            done = _done(run)
            problems = ", with problems" if set(run.warnings) - set(run.remarks) else ""
            return f"finished{problems} - {done}{clock(run.seconds)}{_judged(run)}"
        case RunState.INTERRUPTED:
            return f"interrupted{_place(run)} - resume to go on"
        case RunState.STOPPED if run.step:
            return f"stopped{_place(run)} - resume to go on"
        case _:
            return f"{run.state}{_place(run)}"


def _place(run: Run) -> str:
    return f" at {_counted(run) or f'{run.percent:.0f} %'}" if run.epoch else ""


def _counted(run: Run) -> str:
    """Return where a run stands in what its budget counts; nothing where that is seconds alone."""
    if run.epochs:
        return f"epoch {run.epoch}/{run.epochs}"
    return f"step {run.step}/{run.steps}" if run.steps else ""


def _done(run: Run) -> str:
    if run.epochs:
        return f"{counted(run.epoch, 'epoch')} in "
    return f"{counted(run.step, 'step')} in " if run.steps else ""


def _slowed(run: Run) -> str:
    if run.slowdown is None:
        return ""
    if not run.slowdown.fewer:
        return " - busy machine"
    return (
        f" - busy machine: about {about(run.slowdown.steps):,} steps in all, not {about(run.slowdown.possible_steps):,}"
    )


def _judged(run: Run) -> str:
    """Return what the judge said; a decimal more where it counts."""
    if run.frechet is None:
        return ""
    return f" - FID {run.frechet:.1f}" if round(run.frechet, 1) < 10 else f" - FID {run.frechet:.0f}"
