"""What any server of the contract can do, and what it must: the real service and the mock are its two children."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from bridge_server.contract import (
    API_VERSION,
    Activations,
    ActivationsRequest,
    CheckedNetworks,
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
    NetworkTable,
    ProgressQuery,
    Run,
    RunProgress,
    Runs,
    StartRun,
)
from bridge_server.openapi import tidy
from ganmnist import __version__
from ganmnist.advice import remarks
from ganmnist.composition import LayerRow, ModelConfig, Sequential, training_memory
from ganmnist.config import PresetName, TrainConfig
from ganmnist.layers import LAYERS
from ganmnist.presets import PRESETS, recipe


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
                LayerHelp(
                    name=name,
                    description=(layer.__doc__ or "").strip(),
                    parameters=tidy(layer.model_json_schema()),
                )
                for name, layer in LAYERS.items()
            ]
        )

    def networks_check(self, request: NetworksCheck) -> CheckedNetworks:
        if request.model:
            base, preset = self._networks(request.model)
        else:
            base, preset = PRESETS[request.preset or "tutorial"].networks, None
        networks = request.over(base)
        config = TrainConfig(**{**request.game(), "preset": request.preset or preset}, networks=networks)
        plan = recipe(config)
        generator, discriminator = networks.tables()
        return CheckedNetworks(
            gan=config.to_text(),
            generator=_table(networks.generator, generator),
            discriminator=_table(networks.discriminator, discriminator),
            memory=training_memory(networks, plan.batch_size),
            remarks=remarks(plan),
        )

    @abstractmethod
    def _networks(self, model: str) -> tuple[ModelConfig, PresetName]:
        """Return the networks of a model, and the preset whose settings it was trained with."""

    @abstractmethod
    def networks_activations(self, request: ActivationsRequest) -> Activations: ...

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


def _table(network: Sequential, rows: list[LayerRow]) -> NetworkTable:
    return NetworkTable(
        text=network.to_text(),
        rows=rows,
        parameters=sum(row.parameters for row in rows),
        multiply_adds=sum(row.multiply_adds for row in rows),
    )
