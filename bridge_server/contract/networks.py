"""Messages about networks and their layers."""

from __future__ import annotations

from pydantic import Field

from bridge_server.contract.base import Message, Pixels, RhinoObject
from ganmnist.config import ActivationsConfig, ModelName, OptimizationConfig, PresetName, StackConfig
from ganmnist.fields import Flag, Number, Whole
from ganmnist.networks.spec import LayerRow, ModelParts


class LayerHelp(Message):
    """One kind of layer."""

    name: str
    description: str
    parameters: dict[str, object] = Field(description="JSON schema of its parameters.")


class Layers(Message):
    """All layers a network may be composed of."""

    layers: list[LayerHelp]


class NetworksCheck(ModelParts, OptimizationConfig):
    """Networks to check before they are trained, and how they are to be."""

    preset: PresetName | None = Field(
        None,
        description="Preset that fills in what is not given: fast, tutorial or unconditional; tutorial unless given.",
    )
    model: ModelName | None = Field(
        None, description="Trained model whose networks fill in what is not given, in place of a preset's."
    )


class NetworkTable(Message):
    """One network, layer by layer."""

    text: str = Field(description="The network as JSON text, a line per layer: to read, to edit, to send again.")
    rows: list[LayerRow]
    parameters: Whole = Field(description="Trainable parameters of all layers.")
    multiply_adds: Whole = Field(description="Multiplications for one sample.")


class CheckedNetworks(Message):
    """Networks that fit together."""

    gan: str = Field(description="The networks and how they are to be trained, as JSON text: what Train takes.")
    generator: NetworkTable
    discriminator: NetworkTable
    memory: Whole = Field(description="Memory that a training takes beside torch itself, an estimate in bytes.")
    remarks: list[str] = Field(description="What fits, but is likely to train badly, and what to do.")


class ActivationsRequest(ActivationsConfig, StackConfig):
    """A walk through a model's generator."""

    model: ModelName | None = Field(None, description="Name of the model; the bundled one unless given.")


class LayerMaps(Message):
    """What leaves one layer."""

    place: Whole = Field(description="Place of the layer, from 1.")
    layer: str = Field(description="Name of the layer.")
    output_shape: tuple[int, ...] = Field(description="(units,) or (channels, height, width).")
    low: Number = Field(description="The smallest number of the maps, shown black.")
    high: Number = Field(description="The largest number of the maps, shown white.")
    maps: Pixels = Field(description="The feature maps; the units of a row as one picture.")


class Activations(Message):
    """The feature maps of each layer of a generator on the way to one digit."""

    model: str = Field(description="Name of the model.")
    step: Whole = Field(description="Training step the model had reached; grows while it trains.")
    training: Flag = Field(False, description="True while the model is being trained: ask again in a second.")
    layers: list[LayerMaps]
    geometry: list[RhinoObject] = Field(
        description="One object per layer, its maps side by side, stacked from the first layer at the bottom."
    )
