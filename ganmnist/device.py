"""Which device networks are computed on: the processor, or an accelerator that is there, works and is quicker for them.

The only place that asks torch what there is. All else is told a device, and makes its tensors there.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, cast

import torch

from ganmnist.config import DeviceName
from ganmnist.errors import DeviceError
from ganmnist.remedies import GPU

PROCESSOR = torch.device("cpu")
ACCELERATORS = ("cuda", "xpu", "mps")  # in the order in which auto looks for them
_NAMES = {"cpu": "the processor", "cuda": "the graphics card", "xpu": "the Intel GPU", "mps": "the Mac's GPU"}
_DRIVERS = {
    "cuda": "install or update the driver, https://www.nvidia.com/drivers; nvidia-smi shows the card once it works",
    "xpu": "install or update the driver, https://dgpu-docs.intel.com",
    "mps": "update macOS",
}
_ELSE = "or choose device cpu"
_REASON = 160  # letters of what torch says
# Words by which an error of torch is one of a device's; those of memory and of the driver have a remedy of their own.
_OF_A_DEVICE = ("cuda", "cudnn", "cublas", "hip", "nvidia", "nccl", "mps", "metal", "xpu", "sycl", "level zero")
_OF_MEMORY = ("out of memory", "out_of_memory", "out_of_device_memory", "alloc_failed")
_OF_THE_DRIVER = ("driver", "no kernel image", "not compatible with the current pytorch")


class Choice(NamedTuple):
    """A device, and why it is that one.

    Attributes:
        why: In a few words.
        problems: Sentences, each with a remedy, on accelerators that are there and could not be used.
    """

    device: torch.device
    why: str
    problems: tuple[str, ...] = ()


class _Absent(DeviceError):
    """No such device, which is no fault."""


def choose(wanted: DeviceName, measure: Callable[[torch.device], float] | None = None) -> Choice:
    """Choose a device.

    Args:
        wanted: One that has to be there, or auto.
        measure: Returns the seconds that a piece of the work takes on a device, for auto: an accelerator that is slower
            than the processor is left out. Without it the first that works is taken.

    Raises:
        DeviceError: The one that is wanted is not there, or does not work; says why, and what to do.
    """
    if wanted == "cpu":
        return Choice(PROCESSOR, "it was chosen")
    if wanted != "auto":
        return Choice(_opened(wanted), "it was chosen")
    reasons, problems = [], []
    for kind in ACCELERATORS:
        device = PROCESSOR
        try:
            device = _opened(kind)
            if measure is None:
                return Choice(device, "it is there")
            there, here = measure(device), measure(PROCESSOR)
        except _Absent:
            continue
        except DeviceError as error:
            problems.append(_told(error))
            continue
        except RuntimeError as error:
            failure = failure_of(error, device)
            if failure is None:
                raise
            problems.append(_told(failure))
            continue
        pace = f"{1000 * there:.3g} ms a step with {_NAMES[kind]}, {1000 * here:.3g} with the processor"
        if there < here:
            return Choice(device, pace, tuple(problems))
        reasons.append(pace)
    return Choice(PROCESSOR, "; ".join(reasons) or "there is no other that works", tuple(problems))


def why_absent(kind: str) -> str | None:
    """Say why an accelerator, cuda, mps or xpu, cannot be used, and what to do, in a sentence; None where it can."""
    try:
        _opened(kind)
    except DeviceError as error:
        return _told(error)
    return None


def on_the_processor_instead(failure: DeviceError) -> str:
    """Say, in sentences, that a device has failed and that its work goes on on the processor."""
    return f"{_told(failure)} The training goes on on the processor."


def failure_of(error: BaseException, device: torch.device) -> DeviceError | None:
    """Return what an error says of the device that was computed on, with a remedy; None if it is about something else.

    A device whose memory is full, whose driver is broken, or that is gone, is a RuntimeError of torch's.
    """
    if device.type == "cpu" or not isinstance(error, RuntimeError):
        return None
    of_torch = (torch.OutOfMemoryError, torch.AcceleratorError, NotImplementedError)
    said = str(error).lower()
    if not isinstance(error, of_torch) and not any(word in said for word in (*_OF_A_DEVICE, *_OF_MEMORY)):
        return None
    return DeviceError(_sentence(device.type, error))


def stream(device: torch.device) -> AbstractContextManager[object]:
    """Return what to train in: on cuda a stream of its own, since the default one cannot be captured."""
    if device.type != "cuda":
        return nullcontext()
    own = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    own.wait_stream(torch.cuda.current_stream(device))
    return torch.cuda.stream(own)


def captured(work: Callable[[], object], device: torch.device) -> Callable[[], object]:
    """Return what does the same work over and over, on the same tensors: as a CUDA graph where there are any.

    All kernels of a graph start with one call. Launched one by one, for networks as small as these, they would keep the
    device waiting for Python most of the time. Nothing is done yet.
    """
    if device.type != "cuda":
        return work
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=torch.cuda.current_stream(device), capture_error_mode="thread_local"):
        work()
    return cast(Callable[[], object], graph.replay)


def seed(device: torch.device, number: int) -> None:
    """Start the random numbers of an accelerator; the processor's are left as they are."""
    if device.type not in ("cpu", "meta"):
        torch.get_device_module(device).manual_seed(number)


def _opened(kind: str) -> torch.device:
    """Return an accelerator that has computed something."""
    with warnings.catch_warnings(record=True) as said:  # how torch tells of a driver that does not work
        warnings.simplefilter("always")
        try:
            there = _is_available(kind)
        except Exception as error:  # whatever a broken driver raises
            raise DeviceError(_sentence(kind, error)) from error
    if not there and said and _is_built(kind):
        raise DeviceError(_sentence(kind, said[-1].message))
    if not there:
        raise _Absent(f"device: there is no {kind} here: {_why_absent(kind)}")
    device = torch.device(kind)
    try:
        torch.ones(2, device=device).sum().item()
    except (RuntimeError, AssertionError) as error:
        raise DeviceError(_sentence(kind, error)) from error
    return device


def _is_available(kind: str) -> bool:
    if kind == "mps":
        return torch.backends.mps.is_available()
    return bool(torch.get_device_module(kind).is_available())


def _is_built(kind: str) -> bool:
    """Tell whether this torch has what a kind of device needs."""
    if kind == "cuda":
        return bool(torch.version.cuda or torch.version.hip)
    return torch.backends.mps.is_built() if kind == "mps" else bool(torch.xpu._is_compiled())


def _why_absent(kind: str) -> str:
    if not _is_built(kind):
        remedy = "it is for Macs with Apple silicon" if kind == "mps" else f"{GPU} installs one that can use it"
        return f"this torch, {torch.__version__}, is made without it; {remedy}, {_ELSE}"
    return f"torch finds none, or no driver for it; {_DRIVERS[kind]}, {_ELSE}"


def _told(error: DeviceError) -> str:
    """Return an error as a sentence of its own."""
    text = str(error).removeprefix("device: ")
    return f"{text[0].upper()}{text[1:]}."


def _sentence(kind: str, error: BaseException | str) -> str:
    """Say what a device failed at and what to do."""
    said = str(error)
    reason = " ".join((said.splitlines() or [""])[0].split())[:_REASON].rstrip(".: ")
    lower, name = said.lower(), _NAMES[kind]
    if isinstance(error, torch.OutOfMemoryError) or any(word in lower for word in _OF_MEMORY):
        what, remedy = "has too little memory", "end other programs that use it, lower batch_size"
    elif isinstance(error, NotImplementedError):
        what, remedy = "cannot do all that these networks need", "use other layers"
    elif any(word in lower for word in _OF_THE_DRIVER):
        what, remedy = "cannot be used", f"{_DRIVERS[kind]}; {GPU} installs the torch for it"
    else:
        what, remedy = "does not work, or is gone", "restart the machine if it does so again"
    return f"device: {name} ({kind}) {what} ({reason}): {remedy}, {_ELSE}"
