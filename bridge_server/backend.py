"""What any server of the contract can do, and what it must: the real service and the mock are its two children."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from bridge_server.contract import (
    API_VERSION,
    Data,
    Deleted,
    Generated,
    GenerateRequest,
    Health,
    LayerHelp,
    Layers,
    Model,
    Models,
    NetworksCheck,
    NetworkTables,
    ProgressQuery,
    Run,
    RunProgress,
    Runs,
    StartRun,
)
from ganmnist import __version__
from ganmnist.layers import LAYERS


class Created(NamedTuple):
    """A reply about something that was not there before: 201."""

    reply: Run


class Backend(ABC):
    """One method per call of the contract, named as the call is. Path parameters come first, then the request."""

    mock = False

    def __init__(self, instance: str) -> None:
        self.instance = instance

    def start(self) -> None:
        """Begin work in the background. Called once the server listens."""
        return

    def close(self) -> None:
        """End all work; what is under way is kept for the next start. At most about 5 s."""
        return

    def health(self) -> Health:
        return Health(version=__version__, api=API_VERSION, instance=self.instance, mock=self.mock)

    def layers(self) -> Layers:
        return Layers(
            layers=[
                LayerHelp(name=name, description=(layer.__doc__ or "").strip(), parameters=layer.model_json_schema())
                for name, layer in LAYERS.items()
            ]
        )

    def networks_check(self, request: NetworksCheck) -> NetworkTables:
        generator, discriminator = request.tables()
        return NetworkTables(generator=generator, discriminator=discriminator)

    @abstractmethod
    def data(self) -> Data: ...

    @abstractmethod
    def data_prepare(self) -> Data: ...

    @abstractmethod
    def run_start(self, request: StartRun) -> Run | Created: ...

    @abstractmethod
    def runs(self) -> Runs: ...

    @abstractmethod
    def run(self, id: str) -> Run: ...

    @abstractmethod
    def run_stop(self, id: str) -> Run: ...

    @abstractmethod
    def run_resume(self, id: str) -> Run: ...

    @abstractmethod
    def run_progress(self, id: str, query: ProgressQuery) -> RunProgress: ...

    @abstractmethod
    def run_preview(self, id: str) -> bytes: ...

    @abstractmethod
    def models(self) -> Models: ...

    @abstractmethod
    def model(self, name: str) -> Model: ...

    @abstractmethod
    def model_delete(self, name: str) -> Deleted: ...

    @abstractmethod
    def generate(self, request: GenerateRequest) -> Generated: ...
