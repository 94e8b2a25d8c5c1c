"""Which device is chosen, and what is said of one that is not there, does not work, or is gone.

There is no accelerator where these run: stand-ins say and raise what torch does.
"""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import pytest
import torch

from ganmnist import device as devices
from ganmnist.device import PROCESSOR, choose, failure_of, why_absent
from ganmnist.errors import DeviceError

CUDA = torch.device("cuda")
DRIVER = "CUDA initialization: The NVIDIA driver on your system is too old (found version 11040)."
# What torch raises, and the words that have to be in the sentence about it.
FAILURES = {
    "memory": (
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of ..."),
        "too little memory",
        "lower batch_size",
    ),
    "memory of a Mac": (
        RuntimeError("MPS backend out of memory (MPS allocated: 1.00 GiB, max allowed: 1.10 GiB)."),
        "too little memory",
        "lower batch_size",
    ),
    "memory of a library": (
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        "too little memory",
        "end other programs",
    ),
    "no driver": (
        RuntimeError("Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU"),
        "cannot be used",
        "https://www.nvidia.com/drivers",
    ),
    "an old card": (
        RuntimeError("CUDA error: no kernel image is available for execution on the device\nCompile with ..."),
        "cannot be used (CUDA error: no kernel image is available for execution on the device)",
        "start.py setup --gpu",
    ),
    "gone": (torch.AcceleratorError("CUDA error: unspecified launch failure"), "or is gone", "restart the machine"),
    "an operation": (
        NotImplementedError("The operator 'aten::col2im' is not currently implemented for the MPS device."),
        "cannot do all",
        "use other layers",
    ),
}


@pytest.fixture
def there(monkeypatch):
    """Have accelerators there that work: there("cuda", ...). Their tensors are the processor's."""

    def have(*kinds, built=True):
        monkeypatch.setattr(devices, "_is_available", lambda kind: kind in kinds)
        monkeypatch.setattr(devices, "_is_built", lambda kind: built)
        ones = torch.ones
        monkeypatch.setattr(torch, "ones", lambda *size, device: ones(*size))

    return have


def paces(**seconds):
    """Return what measures devices: so many seconds a step; or what it fails with."""

    def measure(device):
        if isinstance(seconds[device.type], Exception):
            raise seconds[device.type]
        return seconds[device.type]

    return measure


def test_here_auto_is_the_processor_and_nothing_is_tried_out():
    choice = choose("auto", paces())
    assert choice == (PROCESSOR, "there is no other that works", ())
    assert choose("cpu").device == PROCESSOR


@pytest.mark.parametrize("kind", ["cuda", "mps", "xpu"])
def test_a_device_that_is_not_there_is_refused_by_its_name_with_the_remedy(kind):
    with pytest.raises(DeviceError, match=f"^device: there is no {kind} here: .*, or choose device cpu$") as caught:
        choose(kind)
    remedy = "for Macs" if kind == "mps" else "python start.py setup --gpu installs one that can use it"
    assert remedy in str(caught.value)
    assert why_absent(kind).startswith(f"There is no {kind} here: ")


def test_a_torch_that_could_and_finds_none_names_the_driver(there):
    there(built=True)
    with pytest.raises(DeviceError, match="finds none, or no driver for it; install or update the driver, https"):
        choose("cuda")
    assert choose("auto").problems == ()  # no fault: such a torch is what pip installs everywhere


@pytest.mark.parametrize("kind", ["cuda", "mps", "xpu"])
def test_one_that_is_there_is_chosen_by_name_or_where_it_is_quicker(there, kind):
    there(kind)
    assert choose(kind, paces()).device == torch.device(kind)
    assert choose("auto").device == torch.device(kind)
    quicker = choose("auto", paces(**{kind: 0.0006, "cpu": 0.014}))
    assert quicker.device == torch.device(kind)
    assert quicker.why.startswith("0.6 ms a step with ")
    assert quicker.why.endswith(", 14 with the processor")
    slower = choose("auto", paces(**{kind: 0.02, "cpu": 0.014}))
    assert slower.device == PROCESSOR
    assert "20 ms a step" in slower.why


def test_a_slower_one_makes_room_for_the_next(there):
    there("cuda", "xpu")
    assert choose("auto", paces(cuda=0.03, xpu=0.001, cpu=0.01)).device == torch.device("xpu")


@pytest.mark.parametrize("name", FAILURES)
def test_one_that_fails_at_its_first_tensor_is_told_with_the_remedy_and_auto_does_without(there, monkeypatch, name):
    error, what, remedy = FAILURES[name]
    there("cuda")

    def ones(*size, device):
        raise error

    monkeypatch.setattr(torch, "ones", ones)
    with pytest.raises(DeviceError) as caught:
        choose("cuda")
    choice = choose("auto")
    assert choice.device == PROCESSOR
    for sentence in (str(caught.value), *choice.problems):
        assert what in sentence
        assert remedy in sentence
        assert "\n" not in sentence
    assert choice.problems[0].startswith("The graphics card (cuda) ")


@pytest.mark.parametrize("name", FAILURES)
def test_one_that_fails_while_it_is_tried_out_is_left_alone(there, name):
    error, what, _ = FAILURES[name]
    there("cuda")
    choice = choose("auto", paces(cuda=error, cpu=0.01))
    assert choice.device == PROCESSOR
    assert what in choice.problems[0]


def test_what_is_wrong_with_the_trial_itself_is_no_fault_of_the_device(there):
    there("cuda")
    with pytest.raises(RuntimeError, match="a size"):
        choose("auto", paces(cuda=RuntimeError("a size is wrong"), cpu=0.01))


def test_a_driver_of_which_torch_warns_or_raises_is_told(monkeypatch):
    def warns(kind):
        if kind == "cuda":
            warnings.warn(DRIVER, stacklevel=1)
        return False

    def raises(kind):
        if kind == "cuda":
            raise RuntimeError("Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions before ...")
        return False

    monkeypatch.setattr(devices, "_is_built", lambda kind: kind == "cuda")
    for available in (warns, raises):
        monkeypatch.setattr(devices, "_is_available", available)
        (sentence,) = choose("auto").problems
        assert sentence.startswith("The graphics card (cuda) ")
        with pytest.raises(DeviceError):
            choose("cuda")
    assert why_absent("xpu").startswith("There is no xpu here")


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), ValueError("cuda"), OSError(28, "cuda")])
def test_an_error_about_something_else_is_none_of_the_device(error):
    assert failure_of(error, CUDA) is None


def test_the_processor_does_not_fail_as_a_device():
    assert failure_of(FAILURES["memory"][0], PROCESSOR) is None
    assert failure_of(FAILURES["memory"][0], CUDA) is not None


def test_on_cuda_work_is_captured_as_a_graph_in_the_stream_that_it_is_done_in(monkeypatch):
    said = []

    class Graph:
        def replay(self):
            said.append("replay")

    class Capture:
        def __init__(self, graph, stream, capture_error_mode):
            assert (stream, capture_error_mode) == ("ours", "thread_local")

        def __enter__(self):
            said.append("begin")

        def __exit__(self, *_):
            said.append("end")

    cuda = SimpleNamespace(CUDAGraph=Graph, graph=Capture, current_stream=lambda device: "ours")
    monkeypatch.setattr(torch, "cuda", cuda)
    work = devices.captured(lambda: said.append("work"), CUDA)
    assert said == ["begin", "work", "end"]
    work()
    assert said[3:] == ["replay"]
    assert devices.captured(print, torch.device("mps")) is print
