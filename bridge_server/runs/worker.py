"""The training process: `python -m bridge_server.runs.worker FOLDER`, started by the server.

It trains what FOLDER/settings.json says and writes into FOLDER what the server shows. It ends early, with a checkpoint,
on a line `stop` on its standard input, or when that closes because the server died.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from bridge_server import errors
from bridge_server.runs import quotas
from bridge_server.runs.previews import write_preview
from bridge_server.runs.progress import Tick, TickWriter
from bridge_server.runs.protocol import FAILURE, LOG, SETTINGS, Exit
from ganmnist.config import TrainConfig
from ganmnist.errors import DeviceError, GanError, ModelError
from ganmnist.remedies import load_problem
from ganmnist.storage.atomic import read_json, write_json
from ganmnist.training.diagnostics import Remark
from ganmnist.validation import read_settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganmnist.models.figures import Estimate
    from ganmnist.models.store import ModelFolder
    from ganmnist.training.loop import Progress

TICK_SECONDS = 0.25
_LONG_TICK_SECONDS = 2.0  # in a training of more than half an hour, whose ticks would be too many to keep
_LOOK_SECONDS = 1.0  # from one look at the disk to the next
ORPHAN_SECONDS = 4.0  # how long a training may go on without its server
NICENESS = 5  # beside two busy programs on two cores a quarter of a core, where 10 left a tenth
# As torch on Windows and elsewhere, the loader of libraries, oneDNN and Python (a thread has a stack) say it.
_OUT_OF_MEMORY = (
    "not enough memory",
    "allocate memory",
    "failed to map segment",
    "could not create a primitive",
    "can't start new thread",
)


class StopSignal:
    """Listens on standard input in a thread; `is_requested()` tells the training whether to end.

    Two plain flags and no lock: `request` is a signal handler too, and signals come in volleys, since Linux sends the
    death signal of a parent once for each of its threads. A handler interrupted by itself would wait for its own lock.
    """

    def __init__(self) -> None:
        self._stopping = False
        self._training = False
        threading.Thread(target=self._listen, daemon=True).start()

    def is_requested(self) -> bool:
        self._training = True
        return self._stopping

    def request(self, *_: object) -> None:
        """End soon; at once while there is nothing to save yet, since the import of torch takes seconds."""
        self._stopping = True
        if not self._training:
            os._exit(Exit.SAVED)

    def _listen(self) -> None:
        # Not sys.stdin: a thread that waits in it holds its lock, and Python dies of that when it exits.
        while order := os.read(0, 64):
            if b"stop" in order:
                self.request()
        self.request()  # the pipe is closed: the server is gone
        time.sleep(ORPHAN_SECONDS)
        os._exit(Exit.SAVED)


class DiskSpaceMonitor:
    """Looks now and then whether the disk still has the room that a training leaves free."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next = 0.0
        self._low = False

    def is_low(self) -> bool:
        """Tell whether too little is free."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _LOOK_SECONDS
            self._low = quotas.lack_of_room(self._folder) is not None
        return self._low


class Reporter:
    """Writes progress and previews, the progress about four times a second. Previews come from another thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ticks = TickWriter(folder)
        self._next = 0.0
        self._held: Progress | None = None  # the newest progress that is not written yet

    def note(self, percent: float, words: str) -> None:
        if time.monotonic() >= self._next:
            self._ticks.write(
                note=f"{words} - {percent:.0f} %" if percent else words, problem=None, warnings=(), remarks=()
            )
            self._next = time.monotonic() + TICK_SECONDS

    def data(self, name: str) -> None:
        self._ticks.write(data=name, note=None)

    def progress(self, progress: Progress) -> None:
        self._held = progress
        if time.monotonic() >= self._next:
            self.flush()
            self._next = time.monotonic() + min(max(TICK_SECONDS, progress.seconds / 1000), _LONG_TICK_SECONDS)

    def problem(self, words: str) -> None:
        self._ticks.write(problem=words)

    def warnings(self, sentences: tuple[str, ...]) -> None:
        self._ticks.write(warnings=sentences, remarks=[each for each in sentences if isinstance(each, Remark)])

    def preview(self, images: NDArray[np.uint8]) -> None:
        number = self._ticks.last.preview + 1
        write_preview(self._folder, images, number)
        self._ticks.write(preview=number)

    def judged(self, estimate: Estimate | None) -> None:
        """Note what the judge said of the model that came out of the training."""
        if estimate:
            self._ticks.write(**_figures(estimate))

    def last(self) -> Tick:
        return self._ticks.last

    def flush(self) -> None:
        """Write the newest progress, if it is not written."""
        if self._held is None:
            return
        held, self._held = self._held, None
        self._ticks.write(
            epoch=held.epoch,
            step=held.step,
            percent=held.percent,
            seconds=held.seconds,
            seconds_left=_finite(held.seconds_left),
            loss_d=_finite(held.loss_d),
            loss_g=_finite(held.loss_g),
            slowdown=held.slowdown,
            note=None,
            **(_figures(held.estimate) if held.estimate else {}),  # what was said before a resume holds until then
        )


class Warnings(logging.Handler):
    """Reports what the library warns of: that a damaged checkpoint was set aside."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(logging.WARNING)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        self._reporter.problem(record.getMessage())


def work(folder: Path, stop: Callable[[], bool]) -> Exit:
    """Train what the folder says and report into it, as soon as nobody else does."""
    from ganmnist.models.store import ModelStore

    with FileLock(ModelStore(folder.parents[1]).folder(folder.name, "").lock):  # an orphan may still be saving
        return _work(folder, stop)


def _work(folder: Path, stop: Callable[[], bool]) -> Exit:
    disk = DiskSpaceMonitor(folder)
    if disk.is_low():
        return Exit.DISK_FULL
    request = read_json(folder / SETTINGS)
    settings = read_settings(TrainConfig, request["settings"])
    reporter = Reporter(folder)
    reporter.note(0, "loading data")
    logging.getLogger("ganmnist").addHandler(Warnings(reporter))
    # torch takes seconds to import; by now the server has seen a sign of life.
    from ganmnist.data.load import load_data
    from ganmnist.models.store import ModelStore
    from ganmnist.training.loop import train
    from ganmnist.training.start import starting_model

    home = folder.parent.parent
    model = ModelStore(home).folder(folder.name, request["model"])
    if _is_finished(model):  # it was killed when all was done but to say so
        return Exit.FINISHED
    data = load_data(name=settings.data, home=home, on_progress=reporter.note)
    reporter.data(data.name)
    if mended := request.get("mended"):
        reporter.problem(mended)
    if stop():
        return Exit.SAVED
    try:
        train(
            data,
            settings,
            model,
            on_progress=reporter.progress,
            on_preview=reporter.preview,
            on_warnings=reporter.warnings,
            should_stop=lambda: stop() or disk.is_low(),
            start=starting_model(settings, model, ModelStore(home)),
            adapt=True,
        )
    finally:
        reporter.flush()
    reporter.judged(model.manifest().estimate)
    if reporter.last().percent >= 100:
        return Exit.FINISHED
    return Exit.SAVED if stop() else Exit.DISK_FULL


def _is_finished(model: ModelFolder) -> bool:
    try:
        return model.manifest().finished
    except ModelError:
        return False


def main() -> int:
    """Train in the folder named on the command line."""
    return carry_out(Path(sys.argv[1]), work)


def carry_out(folder: Path, work: Callable[[Path, Callable[[], bool]], Exit]) -> int:
    """Do the work of a training process: listen to the server, leave the machine to others, say why it failed.

    Args:
        folder: Of the training.
        work: Trains in the folder, asks again and again whether to stop, and returns how it ended.

    Returns:
        Exit status of the process.
    """
    stop_signal = StopSignal()
    signal.signal(signal.SIGTERM, stop_signal.request)
    logging.basicConfig(format="%(message)s")  # into the log beside the settings
    _be_polite()
    try:
        return work(folder, stop_signal.is_requested)
    except Exception as error:
        with suppress(OSError):  # the log is on the disk that may be full
            traceback.print_exc()
        code = _exit_for(error)
        if code in (Exit.FAILED, Exit.FILES, Exit.DEVICE):
            with suppress(OSError):  # perhaps nothing can be written there at all
                write_json(folder / FAILURE, _failure(error))
        return code


def _exit_for(error: Exception) -> Exit:
    if isinstance(error, DeviceError):
        return Exit.DEVICE
    refused = _refused(error)
    if errors.is_full(refused or error):
        return Exit.DISK_FULL
    words = str(error).lower()
    if isinstance(error, MemoryError) or any(said in words for said in _OUT_OF_MEMORY):
        return Exit.OUT_OF_MEMORY
    if refused is None or load_problem(error):
        return Exit.FAILED
    # A file that a setting names and that is not there does not come by itself. All else may pass.
    return Exit.FAILED if isinstance(refused, FileNotFoundError) and isinstance(error, GanError) else Exit.FILES


def _refused(error: BaseException | None) -> OSError | None:
    """Return with what the system refused a file, whoever has put that into words.

    A scanner's lock, a share that is away. What libraries say of damaged files has no number, and is none of it.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error
        error = error.__context__
    return None


def _failure(error: Exception) -> dict[str, str]:
    if isinstance(error, GanError):
        return {"code": error.code, "message": str(error)}
    if problem := load_problem(error):
        return {"code": "packages", "message": problem}
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return {"code": "files", "message": f"{where}{error.strerror or error}."}
    return {
        "code": "failed",
        "message": f"{type(error).__name__}: {error}. Its story is in {LOG} in the model's folder.",
    }


def _be_polite() -> None:
    """Leave the machine to Rhino and to the server, and go when the server goes."""
    if sys.platform == "win32":
        return  # the server started us with a low priority; the closing pipe ends us
    os.nice(NICENESS)
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _figures(estimate: Estimate) -> dict[str, float]:
    return {"frechet": estimate.frechet, "confident": estimate.confident}


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


if __name__ == "__main__":
    sys.exit(main())
