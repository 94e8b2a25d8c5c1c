"""Messages about networks and their layers."""

from __future__ import annotations

from pydantic import Field

from bridge_server.contract.base import Message, Pixels, RhinoObject
from ganmnist.config import ActivationsConfig, ModelName, OptimizationConfig, PresetName, StackConfig
from ganmnist.fields import Flag, Number, Whole
from ganmnist.networks.spec import LayerRow, Misfit, ModelParts


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
    misfits: Flag = Field(
        False,
        description="Answer with the first layer that does not fit, and with the rows before it, in place of refusing: "
        "while somebody edits.",
    )


class NetworkTable(Message):
    """One network, layer by layer."""

    text: str = Field(description="The network as JSON text, a line per layer: to read, to edit, to send again.")
    rows: list[LayerRow]
    misfit: Misfit | None = Field(None, description="What does not fit, where that was asked for; rows end before it.")
    parameters: Whole = Field(description="Trainable parameters of all layers.")
    multiply_adds: Whole = Field(description="Multiplications for one sample.")


class PlannedTraining(OptimizationConfig):
    """How networks are to be trained, nothing left open."""

    epochs: Whole | None = Field(description="Budget of the preset in epochs; none where it is another.")
    steps: Whole | None = Field(description="Budget of the preset in steps; none where it is another.")
    seconds: Number | None = Field(description="Budget of the preset in seconds; none where it is another.")


class CheckedNetworks(Message):
    """Networks that fit together; or, where that was asked for, what of them does not fit."""

    gan: str = Field(
        description="The networks and how they are to be trained, as JSON text: what Train takes. Empty with a misfit."
    )
    generator: NetworkTable
    discriminator: NetworkTable
    plan: PlannedTraining = Field(description="What was given, and the preset's own values for the rest.")
    memory: Whole = Field(
        description="Memory that a training takes beside torch itself, an estimate in bytes; 0 with a misfit."
    )
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
