"""What becomes of a sweep whose trainings have all ended: the judge compares their models, and the best gets its name.

What is decided is stored before anything is done about it, and each thing that is done can be done again: so a server
that is killed at any moment goes on where it was. Nothing is renamed or deleted that is somebody else's, or that
somebody has renamed meanwhile.
"""

from __future__ import annotations

import logging
import math
import threading
from abc import abstractmethod
from contextlib import suppress
from typing import Protocol

from bridge_server.access.roles import Asker, Role
from bridge_server.backends.base import Backend
from bridge_server.contract.evaluation import EXPLANATIONS, OF_DIGITS, Evaluated, EvaluateRequest, EvaluationState
from bridge_server.contract.models import Model
from bridge_server.contract.runs import RunState
from bridge_server.errors import ApiError
from bridge_server.runs.store import FINAL
from bridge_server.runs.sweep_plan import best_of, worse_than
from bridge_server.runs.sweeps import SweepRecord, Verdict
from ganmnist.errors import GanError, ModelError, counted

_LOOK_SECONDS = 0.5  # from one look at the sweeps under way to the next
_ASK_SECONDS = 0.1  # from one look at an evaluation to the next
_RETRY_SECONDS = 10.0  # after what may pass, as a full disk
_log = logging.getLogger("ganmnist.sweeps")


class Unsettled(Protocol):
    """The sweeps that are not over, and where it is stored what becomes of them."""

    def unsettled(self) -> list[SweepRecord]: ...

    def decide(self, id: str, verdict: Verdict) -> None: ...

    def settle(self, id: str) -> None: ...


class SweepEndings(Backend):
    """Sees sweeps through, in a thread that is there as long as one is under way."""

    # Digits of each model, ten seconds of a processor: with 1,000 the FID of one and the same model varies by 1.2.
    _measured = 10_000

    def __init__(self, instance: str, slots: int) -> None:
        super().__init__(instance, slots)
        self._ending = threading.Event()  # of the server
        self._endings_lock = threading.Lock()
        self._endings: threading.Thread | None = None
        self._at: dict[str, tuple[int, int]] = {}  # which model of a sweep the judge looks at, of how many

    def start(self) -> None:
        super().start()
        if self._unsettled().unsettled():
            self._see_sweeps_through()

    def close(self) -> None:
        self._ending.set()
        super().close()
        if thread := self._endings:
            thread.join(1.0)

    def _see_sweeps_through(self) -> None:
        """Have the sweeps that are under way seen through."""
        with self._endings_lock:
            if self._endings is None:
                self._endings = threading.Thread(target=self._see_through, name="sweeps", daemon=True)
                self._endings.start()

    @abstractmethod
    def _unsettled(self) -> Unsettled:
        """Return where sweeps are kept."""

    @abstractmethod
    def _run_states(self, record: SweepRecord) -> list[RunState]:
        """Return the states of a sweep's runs, in order."""

    @abstractmethod
    def _free_name(self, stem: str) -> str:
        """Return a name that is free, made of another."""

    @abstractmethod
    def _drop(self, id: str, name: str, owner: str) -> None:
        """Delete the model of a run if it still has that name and owner, and nobody trains it."""

    def _see_through(self) -> None:
        """End each sweep once its trainings have ended: the thread."""
        wait = _LOOK_SECONDS
        while not self._ending.wait(wait):
            try:
                with self._endings_lock:
                    records = self._unsettled().unsettled()
                    if not records:
                        self._endings = None
                        return
                ended = [self._try_to_end(record) for record in records]
                wait = _LOOK_SECONDS if all(ended) else _RETRY_SECONDS
            except Exception:
                if not self._ending.is_set():
                    _log.exception("sweeps cannot be looked at")
                wait = _RETRY_SECONDS

    def _try_to_end(self, record: SweepRecord) -> bool:
        """Tell whether nothing went wrong: whatever it is, the other sweeps must outlive it."""
        try:
            self._end(record)
        except Exception:
            if not self._ending.is_set():
                _log.exception("a sweep cannot be ended")
            return False
        return True

    def _end(self, record: SweepRecord) -> None:
        """Decide which model of a sweep is the best and do what follows, if all of its trainings have ended."""
        if not FINAL.issuperset(self._run_states(record)):
            return
        verdict = record.verdict or self._judge(record)
        if verdict is None or not FINAL.issuperset(self._run_states(record)):  # the server ends, or one was resumed
            return
        if record.verdict is None:
            self._unsettled().decide(record.id, verdict)
        if verdict.best:
            self._give_name(record, verdict.best)
        if record.others == "drop":
            for id in worse_than(verdict.best, verdict.figures):
                self._drop(id, record.runs[id], record.owner)
        self._unsettled().settle(record.id)
        self._at.pop(record.id, None)
        _log.info("sweep ended", extra={"fields": {"sweep": record.id, "best": verdict.best}})

    def _judge(self, record: SweepRecord) -> Verdict | None:
        """Compare the models of a sweep, all measured alike; None if the server ends meanwhile."""
        models = {id: model for id in record.runs if (model := self._model_of(id))}
        if not models:
            return Verdict(best=None, figures={}, said="None of its trainings has left a model.")
        if len(models) == 1:
            return Verdict(best=next(iter(models)), figures={}, said="It is the only model that has come of it.")
        measured, reasons = {}, []
        for place, id in enumerate(models, 1):
            self._at[record.id] = place, len(models)
            found = self._measure(id, record.owner)
            if self._ending.is_set():
                return None
            if isinstance(found, Evaluated):
                measured[id] = found
            elif found:
                reasons.append(found)
        if figures := {id: found.samples.frechet for id, found in measured.items() if found.samples}:
            missing = len(models) - len(figures)
            return Verdict(
                best=best_of(figures), figures=figures, said=_say(figures, next(iter(measured.values())), missing)
            )
        why = reasons[0].rstrip(".") if reasons else "they are no longer there"
        own = {id: model.frechet for id, model in models.items() if model.frechet is not None}
        if len(own) == len(models) and "images" not in record.axes:  # else they were compared with different images
            said = f"The best by what the judge said of each while it was trained, FID {min(own.values()):.1f}: {why}."
            return Verdict(best=best_of(own), figures=own, said=said)
        said = f"Which is the best cannot be said, so all are kept, under their own names: {why}."
        return Verdict(best=None, figures={}, said=said)

    def _measure(self, run: str, owner: str) -> Evaluated | str | None:
        """Have the judge look at the model of a run, and return the figures, or why there are none."""
        step = None  # of the model, once it is being measured
        while not self._ending.is_set():
            model = self._model_of(run)
            if model is None:
                return "a model was deleted"
            try:
                request = EvaluateRequest(model=model.name, count=self._measured, step=step)
                source, work = self._evaluation(request)
                if source.model_id != run:  # it was renamed at this moment
                    continue
                told = self._evaluations.ask(request, source, work, owner)
            except ApiError as error:
                if error.status != 429:  # as many wait as may be
                    return str(error)
            except (GanError, OSError) as error:
                return str(error)
            else:
                if told.state is EvaluationState.READY:
                    return told if told.samples and math.isfinite(told.samples.frechet) else "its FID is not finite"
                if told.state is EvaluationState.FAILED:
                    return told.problem or "the judge failed"
                step = None if told.state is EvaluationState.STOPPED else told.step  # by somebody: begin anew
            self._ending.wait(_ASK_SECONDS)
        return None

    def _model_of(self, run: str) -> Model | None:
        """Return the model of a run by the name that it has by now, if there is one that can be read."""
        with suppress(ModelError):
            model = self.model(self.run(run).model)
            return model if model.id == run else None
        return None

    def _give_name(self, record: SweepRecord, best: str) -> None:
        """Give the best model the sweep's name, unless it has another by hand, or the name is somebody else's by now.

        Another model of that name and of the same owner is renamed, as when a training publishes.
        """
        with self._naming():
            model = self._model_of(best)
            if model is None or model.name != record.runs[best]:
                return
            if taken := self._named(record.name, Asker(record.owner, Role.STUDENT)):
                if not taken.yours:
                    return
                self._rename(taken.id, self._free_name(taken.name))
            self._rename(best, record.name)

    def _named(self, name: str, who: Asker) -> Model | None:
        with suppress(ModelError):
            return self.model(name, who)
        return None


def _say(figures: dict[str, float], one: Evaluated, missing: int) -> str:
    """Say which is the best, by what, and what to know of that.

    Args:
        figures: FID of each model that was measured.
        one: What was said of one of them.
        missing: How many could not be measured.
    """
    best, *others = sorted(figures.values())
    behind = f", the next {others[0]:.1f}" if others else ""
    said = [f"The best has FID {best:.1f}{behind}, of {one.count:,} digits each beside images of {one.data}."]
    if missing:
        said.append(f"{counted(missing, 'model')} could not be measured, and {'is' if missing == 1 else 'are'} kept.")
    if remark := one.explanations["frechet"].removeprefix(EXPLANATIONS["frechet"]).strip():
        said.append(remark)
    if any(one.explanations[name] != EXPLANATIONS[name] for name in OF_DIGITS):
        said.append(
            "The judge knows digits alone: of other pictures it says which models are nearer to them, and no more."
        )
    return " ".join(said)
