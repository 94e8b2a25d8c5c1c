"""What people read about a run: its state in a few words, short enough for a component's message."""

from __future__ import annotations

from bridge_server.contract import Run, RunState


def with_text(run: Run, note: str | None = None) -> Run:
    """Return the run with its text: `epoch 3/20 - 41 % - 0:52 left`.

    Args:
        run: All of it but the text.
        note: What it is doing, where that is not training: loading data, stopping.
    """
    return run.model_copy(update={"text": _text(run, note)})


def clock(seconds: float) -> str:
    """Put seconds as 0:52 or 1:02:03."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _text(run: Run, note: str | None) -> str:
    at = f" at epoch {run.epoch}/{run.epochs}" if run.epoch else ""
    match run.state:
        case RunState.QUEUED:
            return f"queued - place {run.place}"
        case RunState.RUNNING if note:
            return note
        case RunState.RUNNING if not run.epoch:
            return "starting"
        case RunState.RUNNING:
            left = "" if run.seconds_left is None else f" - {clock(run.seconds_left)} left"
            return f"epoch {run.epoch}/{run.epochs} - {run.percent:.0f} %{left}"
        case RunState.SUCCEEDED:
            return f"finished - {run.epochs} {'epoch' if run.epochs == 1 else 'epochs'} in {clock(run.seconds)}"
        case RunState.INTERRUPTED:
            return f"interrupted{at} - resume to go on"
        case _:
            return f"{run.state}{at}"
